import { expect, test } from 'vitest';
import { LogClock } from '../../../src/log/clock.ts';
import { csvReader } from '../../../src/log/formats/csv.ts';

const row = (message: string, statement = '') =>
  `2026-11-29 01:02:03.456 UTC,"app","sh,op",4711,"[local]",65f2.4d2,3,"SELECT",2026-11-29 01:00:00 UTC,3/12,0,ERROR,42601,"${message}",,,,,,"${statement}",8,,"psql","client backend",,-4611686018427387905\n`;

function messages(text: string): (readonly [string, string | null])[] {
  const parser = csvReader(new LogClock(new Map())).parser();
  return [...parser.push(Buffer.from(text)), ...parser.end()].map(
    ({ message, statement }) => [message, statement] as const,
  );
}

test('fields with quotes, commas and lines in them', () => {
  const parser = csvReader(new LogClock(new Map())).parser();
  expect(parser.push(Buffer.from(row('near ""x""', 'SELECT\n"",\n1')))).toEqual([
    {
      at: Date.UTC(2026, 10, 29, 1, 2, 3, 456),
      severity: 'error',
      sqlstate: '42601',
      pid: 4711,
      user: 'app',
      database: 'sh,op',
      host: '[local]',
      application: 'psql',
      backendType: 'client backend',
      sessionId: '65f2.4d2',
      queryId: '-4611686018427387905',
      message: 'near "x"',
      detail: null,
      hint: null,
      internal_query: null,
      context: null,
      statement: 'SELECT\n",\n1',
      backtrace: null,
    },
  ]);
});

test('a row that was cut by a full disk takes none of those behind it with it', () => {
  const cut = row('lost', 'SELECT something').slice(0, -60);
  expect(messages(`${row('one')}${cut}\n${row('two')}${row('three')}`).map(([message]) => message)).toEqual([
    'one',
    'lost',
    'two',
    'three',
  ]);
});

test('a statement that quotes a row of the log is one row', () => {
  const quoted = row('inner').trimEnd().replaceAll('"', '""');
  expect(messages(row('outer', `SELECT '\n${quoted}\n'`) + row('next'))).toEqual([
    ['outer', expect.stringContaining('inner')],
    ['next', ''],
  ]);
});
