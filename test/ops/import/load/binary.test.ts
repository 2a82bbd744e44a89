import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cell } from '../../../../src/ops/import/convert/value.ts';
import { howOfType } from '../../../../src/ops/import/existing/types.ts';
import { putterOf } from '../../../../src/ops/import/load/binary.ts';
import { HEADER, Tuples } from '../../../../src/ops/import/load/tuples.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { inDatabase } from '../../restore/stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const ALL_TIMES = [
  ...[
    '2024-01-31 08:00:00',
    '2024-02-29T23:59:59.123456',
    '0001-01-01 00:00:00',
    '9999-12-31 23:59:59.999999',
  ],
  ...[
    '1969-12-31 23:59:59.5',
    '1600-03-01 00:00:00.000001',
    '2300-01-01',
    1_700_000_000n,
    1_700_000_000_123n,
  ],
];
const CELLS: Readonly<Record<string, readonly Exclude<Cell, null>[]>> = {
  smallint: [0n, -32_768n, '32767'],
  integer: [2_147_483_647n, -2_147_483_648n, 1],
  bigint: [9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n, ' +7', 3],
  'double precision': [0.1, -0, 5e-324, 1.7976931348623157e308, Number.POSITIVE_INFINITY, 3n, '1e-7'],
  real: [0.5, 1 / 3, 16_777_217n],
  numeric: [
    ...[0n, '0.00', '-0.0', '1.50', '.5', '5.', '+3', 10_000n, 100_000_000n, '0.0001', '0.00001', 1e20, 1e-7],
    ...['12345678.9012', '-99999999.99999999', '1000000000000000000000000000001', '00012.3400', -0.05],
  ],
  'numeric(10,2)': ['12.5', '99999999.99', '-0.05', 3n, 0.1, '7.00000', '0'],
  boolean: [0n, 1n, 'yes', 'F'],
  text: ['', 'zwölf 日本 😀', '\\N\t\n', 3n, 1.5],
  'character varying(3)': ['日本語', ''],
  bytea: [new Uint8Array([]), new Uint8Array([0, 255]), 'text'],
  uuid: ['A0EEBC999C0B4EF8BB6D6BB9BD380A11', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'],
  date: ['2024-02-29', '0001-01-01', '9999-12-31', '1999-12-31 00:00:00'],
  'time without time zone': ['08:00', '23:59:59.999999'],
  'timestamp with time zone': [...ALL_TIMES, '2024-01-31T08:00:00+05:30', '2024-01-31 08:00Z'],
  'timestamp without time zone': ALL_TIMES,
  'timestamp(3) with time zone': ['2024-01-31 08:00:00.1235', 1_700_000_000n],
  json: ['{"b":1,  "a":2}', 3n],
};

test.each(Object.entries(CELLS))(
  '%s: the server reads what its texts are, and gives the same bytes back',
  async (type, cells) => {
    const how = howOfType(type, [], { zone: '+00' });
    const put = putterOf(how);
    if (put === undefined) throw new Error(`${type} has no bytes`);
    const tuples = new Tuples();
    tuples.copy(HEADER);
    for (const cell of cells) {
      tuples.room(100);
      tuples.int16(1);
      expect(put(cell, tuples), String(cell)).toBeUndefined();
    }
    tuples.int16(-1);
    const sent = Buffer.from(tuples.take());
    await inDatabase(db.database, async (session) => {
      await session.sql(`CREATE TEMPORARY TABLE t (n serial, v ${type})`);
      expect(await session.copyIn('COPY t (v) FROM STDIN (FORMAT binary)', once(sent))).toBe(cells.length);
      const back: Buffer[] = [];
      await session.copyOut('COPY (SELECT v FROM t ORDER BY n) TO STDOUT (FORMAT binary)', async (chunk) => {
        back.push(chunk);
      });
      expect(Buffer.concat(back).toString('hex')).toBe(sent.toString('hex'));
      // what the server makes of the texts
      for (const [at, cell] of cells.entries()) {
        const [row] = await session.sql(
          `SELECT v::text = ($1::text)::${type}::text AS same, v::text AS is FROM t WHERE n = ${at + 1}`,
          [how.convert(cell, () => {})],
        );
        expect(row?.same, `${String(cell)} is ${row?.is}`).toBe(true);
      }
    });
  },
);

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
