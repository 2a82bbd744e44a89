import { describe, expect, test } from 'vitest';
import type { BackupRelation } from '../../../src/db/views/backup/relations.ts';
import { DumpFraction } from '../../../src/ops/backup/dump/fraction.ts';
import { estimateSize } from '../../../src/ops/backup/preflight/space.ts';
import { nameParts, nearest } from '../../../src/ops/backup/scope/names.ts';

function table(oid: number, bytes: number, rows: number): BackupRelation {
  const more = {
    kind: 'r',
    partition_of: null,
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
