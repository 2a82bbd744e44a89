import { describe, expect, test } from 'vitest';
import { dumpFailure } from '../../../../src/ops/backup/dump/failure.ts';
import { DumpFraction } from '../../../../src/ops/backup/dump/fraction.ts';
import { estimateSize } from '../../../../src/ops/backup/preflight/space.ts';
import type { BackupRelation } from '../../../../src/ops/backup/queries/relations.ts';
import { nameParts, nearest } from '../../../../src/ops/relations/names.ts';

function table(oid: number, bytes: number, rows: number): BackupRelation {
  const more = {
    kind: 'r',
    partition_of: null,
    root_schema: null,
    root_name: null,
    populated: true,
    unlogged: false,
    of_extension: false,
  } as const;
  return {
    oid,
    schema: 's',
    name: `t${oid}`,
    bytes,
    estimated_rows: rows,
    readable: true,
    row_security: false,
    ...more,
  };
}

describe('how far a dump is', () => {
  const tables = [table(1, 100, 10), table(2, 300, 30), table(3, 600, 0)];

  test('tables before the one that is read are done, by name', () => {
    const fraction = new DumpFraction(tables, 'name');
    expect(fraction.total).toBe(1000);
    expect(fraction.done([])).toBe(0);
    expect(fraction.done([{ oid: 2, rows: 15, bytes: 0 }])).toBe(250);
    // between two tables none is read: what was done stays done
    expect(fraction.done([])).toBe(250);
  });

  test('more rows than were estimated, and no estimate at all, never make it more than it is', () => {
    const fraction = new DumpFraction(tables, 'name');
    expect(fraction.done([{ oid: 2, rows: 1e9, bytes: 1e9 }])).toBe(400);
    expect(fraction.done([{ oid: 3, rows: 5, bytes: 300 }])).toBe(700);
    expect(fraction.done([{ oid: 3, rows: 5, bytes: 1e9 }])).toBe(990);
  });

  test('with several processes the largest come first', () => {
    const fraction = new DumpFraction(tables, 'size');
    expect(fraction.done([{ oid: 2, rows: 15, bytes: 0 }])).toBe(750);
    expect(
      new DumpFraction(tables, 'size').done([
        { oid: 3, rows: 0, bytes: 60 },
        { oid: 2, rows: 3, bytes: 0 },
      ]),
    ).toBe(90);
  });

  test('an unknown table is not counted', () => {
    expect(new DumpFraction(tables, 'name').done([{ oid: 99, rows: 1, bytes: 1 }])).toBe(0);
  });
});

test.each([
  ['app.orders', ['app', 'orders']],
  ['"Mixed Case"."a.b"', ['Mixed Case', 'a.b']],
  ['"we""ird"', ['we"ird']],
  ['用户 表', ['用户 表']],
  ['"open', undefined],
  ['a..b', undefined],
  ['"a"b', undefined],
  ['', undefined],
])('the parts of %s', (text, parts) => {
  expect(nameParts(text)).toEqual(parts);
});

test.each([
  ['app.custmers', ['app.customers']],
  ['ORDERS', ['app.orders']],
  ['zzz', []],
])('the nearest names to %s', (wanted, expected) => {
  const names = ['app.customers', 'app.orders', 'app.orders_old', 'public.history'];
  expect(nearest(wanted, names)).toEqual(expected);
});

test('the size is estimated by how well data usually compresses', () => {
  const request = { content: 'all', compression: { method: 'gzip', level: 1 } } as const;
  expect(estimateSize(1000, request, [])).toEqual({ bytes: 250, measured: false });
  expect(estimateSize(1000, { ...request, compression: { method: 'none', level: 0 } }, []).bytes).toBe(1000);
});

test.each([
  [
    'pg_dump: error: could not write to output file: No space left on device',
    /^The disk of \/backups is full\./,
  ],
  [
    'pg_dump: error: query failed: ERROR:  permission denied for table secrets\npg_dump: detail: Query was: LOCK TABLE',
    /^This role may not read secrets\./,
  ],
  ['pg_dump: error: query failed: ERROR:  permission denied for large object 4711', /large object 4711/],
  [
    'pg_dump: error: query failed: ERROR:  query would be affected by row-level security policy for table "t"',
    /^Row security would hide rows of "t"/,
  ],
  [
    'pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout\npg_dump: detail: Query was: LOCK TABLE app.orders IN ACCESS SHARE MODE',
    /^A table stayed locked by another session: app\.orders\./,
  ],
  ['ERROR:  canceling statement due to conflict with recovery', /^Replay on this standby/],
  [
    'pg_dump: error: server version: 17.2; pg_dump version: 15.18\npg_dump: error: aborting because of server version mismatch',
    /^pg_dump 15\.18 cannot read a server of 17\.2\./,
  ],
  ['pg_dump: error: something new', /^pg_dump failed with exit code 1:\npg_dump: error: something new$/],
  ['', /^pg_dump failed with exit code 1\.$/],
])('what pg_dump says is told as it is: %s', (stderr, sentence) => {
  const { message } = dumpFailure('/usr/bin/pg_dump', 1, stderr, '/backups');
  expect(message).toMatch(sentence);
});
