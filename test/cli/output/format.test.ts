import { expect, test } from 'vitest';
import { csvText, jsonText } from '../../../src/cli/output/format.ts';
import { tableText } from '../../../src/cli/output/table.ts';
import { exitCodeOf } from '../../../src/cli/output.ts';
import { UsageError } from '../../../src/config/usage-error.ts';
import { DbError, type ErrorKind } from '../../../src/db/errors.ts';

const HOSTILE = 'a\u001b[2Jb\u009b31mc\u202e\nd';
const columns = [{ key: 'a' }, { key: 'b' }];

test('CSV quotes what RFC 4180 asks for, and tells null from an empty text', () => {
  const rows = [
    { a: 'x,y', b: 'say "hi"' },
    { a: null, b: '' },
    { a: 'two\nlines', b: 1.5 },
    { a: { pid: 1 }, b: false },
  ];
  expect(csvText({ columns, rows }, false)).toBe(
    'a,b\r\n"x,y","say ""hi"""\r\n,""\r\n"two\nlines",1.5\r\n"{""pid"":1}",false\r\n',
  );
});

test('a file gets text as it is, a terminal gets it cleaned', () => {
  const value = { a: HOSTILE, n: null };
  expect(JSON.parse(jsonText(value, false))).toEqual(value);
  expect(jsonText(value, false)).not.toContain('\n');
  expect(csvText({ columns, rows: [value] }, false)).toContain(HOSTILE);
  for (const text of [
    jsonText(value, true, 0),
    csvText({ columns, rows: [value] }, true).replaceAll('\r\n', ''),
  ])
    expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('a text table is aligned by cells and always one safe line per row', () => {
  const rows = [
    { a: '界', b: 5 },
    { a: HOSTILE, b: null },
  ];
  const lines = tableText(rows, [{ key: 'a' }, { key: 'b', title: 'N', align: 'right' }]);
  expect(lines).toEqual(['a       N', '界      5', 'abc· d  -']);
});

test('a text table takes the room from its widest column, and all of it in a file', () => {
  const rows = [{ a: 'x'.repeat(50), b: 'short' }];
  expect(tableText(rows, columns, 20)).toEqual(['a              b', `${'x'.repeat(12)}…  short`]);
  expect(tableText(rows, columns)[1]).toBe(`${'x'.repeat(50)}  short`);
});

test('exit codes: 2 refused, 3 cannot connect, else 1', () => {
  const kinds: Record<ErrorKind, number> = {
    unreachable: 3,
    auth: 3,
    tls: 3,
    no_database: 3,
    slots: 3,
    starting: 3,
    lost: 3,
    busy: 1,
    denied: 1,
    unsupported: 1,
    other: 1,
  };
  for (const [kind, code] of Object.entries(kinds))
    expect(exitCodeOf(new DbError(kind as ErrorKind, 'x')), kind).toBe(code);
  expect(exitCodeOf(new UsageError('x'))).toBe(2);
  expect(exitCodeOf(new Error('x'))).toBe(1);
});

test('on a narrow terminal what a row is called by is whole, and what can be spared goes first', () => {
  const rows = [{ id: 'shop_20261130_075824', a: 'some words', b: 'more words', size: '1 kB' }];
  const wanted = [{ key: 'id', whole: true }, { key: 'a' }, { key: 'b', spare: true }, { key: 'size' }];
  const line = (room?: number) => tableText(rows, wanted, room)[1];
  expect(line()).toBe('shop_20261130_075824  some words  more words  1 kB');
  expect(line(50)).toBe('shop_20261130_075824  some words  more words  1 kB');
  expect(line(49)).toBe('shop_20261130_075824  some words  1 kB');
  expect(line(36)).toBe('shop_20261130_075824  some wo…  1 kB');
  expect(line(10)).toContain('shop_20261130_075824');
});
