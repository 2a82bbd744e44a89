import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { destination, sqliteFile } from '../../../ops/import/stage.ts';
import { done } from '../../../ops/role/stage.ts';
import { PROJ_DB } from '../../../support/needs.ts';

/*
 * What comes is compared by a program that shares nothing with pgdeck: Python's own SQLite, and psql. Without python3, or
 * without the file of Debian's proj-data, these tests are skipped, and `npm run setup` says so and installs them.
 */

const PYTHON = spawnSync('python3', ['-c', 'import sqlite3']).status === 0;
const SCRIPT = fileURLToPath(new URL('compare.py', import.meta.url));
const { sql, target, here, report: next } = destination();

interface Verdict {
  readonly cells: number;
  readonly tables: number;
  readonly differences: readonly (readonly [table: string, row: number, column: string, ...string[]])[];
}

async function brought(file: string, more: Record<string, unknown> = {}) {
  const report = next();
  const { end } = await done('import sqlite', { file, report, ...more }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  return JSON.parse(readFileSync(`${report}.json`, 'utf8'));
}

function verdict(file: string): Verdict {
  const { host, port, user } = target();
  const PG = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: target().database };
  const env = { ...process.env, ...PG, PGCLIENTENCODING: 'UTF8' };
  return JSON.parse(execFileSync('python3', [SCRIPT, file, 'public'], { env, maxBuffer: 64e6 }).toString());
}

const PITFALLS = `
  CREATE TABLE numbers (id INTEGER PRIMARY KEY AUTOINCREMENT, i BIGINT, r REAL, d DECIMAL(6,2), n NUMERIC, any, "unsigned" "INT UNSIGNED", ok BOOLEAN);
  INSERT INTO numbers VALUES (1, 9007199254740993, 0.1, 12.5, 1e20, 9223372036854775807, 7, 'yes'), (2, -9223372036854775808, -1e-300, '0.10', '1.50', -1, NULL, 0),
    (3, 1.0, 1.7976931348623157e308, 3, 0.333333333333333, NULL, 4294967296, 'FALSE'), (4, '12,5', 5e-324, -0.05, -123456789.000001, 1, NULL, 1), (5, '00012', 9007199254740993, 9999.99, 0, 1, 1, 'maybe'),
    (6, 0, -0.0, 0, '-0.00', 0, 0, NULL), (7, 10000, 100000000, 1000, 10000.0001, 0, 0, ' t ');
  CREATE TABLE times (id INTEGER PRIMARY KEY, at DATETIME, day DATE, clock TIME);
  INSERT INTO times VALUES (1, 1700000000, '2024-02-29', '08:00'), (2, 1700000000123, '1999-12-31', '23:59:59.5'), (3, '2024-01-01T12:00:00+02:00', '0001-01-01', NULL), (4, '2026-13-45', '2023-02-29', '24:00'),
    (5, '0000-00-00', NULL, NULL), (6, '', NULL, NULL), (7, 5, NULL, NULL), (8, 1700000000123456, NULL, NULL), (9, 2460310.5, NULL, NULL), (10, '2024-01-01 00:00:00.000001', '9999-12-31', '00:00:00.000001'),
    (11, '9999-12-31 23:59:59.999999', NULL, NULL), (12, '0001-01-01 00:00:00', NULL, NULL), (13, '1969-12-31 23:59:59', '1970-01-01', NULL);
  CREATE TABLE texts (id INTEGER PRIMARY KEY, a TEXT, v VARCHAR(3), b BLOB, u UUID, j JSON);
  INSERT INTO texts VALUES (1, CAST(x'ff41' AS TEXT), '日本語', x'00ff', 'A0EEBC999C0B4EF8BB6D6BB9BD380A11', '{"k":1,"a":[1.50,{"z":null}]}'), (2, 'a' || char(0) || 'b', '😀😀😀', 'text', x'a0eebc999c0b4ef8bb6d6bb9bd380a11', '"x\\\\u0000"'),
    (3, '\ufffd\\N', '', NULL, NULL, '"\\u0000"'), (4, x'c3a9', NULL, x'', NULL, 'nope'), (5, '\\.', 'tab', NULL, NULL, NULL), (6, char(8,9,10,11,12,13,92,34,39), 'a', x'0a09', NULL, '123456789012345678901234567890'), (7, '', '\\n', NULL, NULL, '[]');
  CREATE TABLE "User Names" ("Order" INTEGER PRIMARY KEY, "select" TEXT, xmin INT, "a.b""c" INT, "ä" TEXT);
  INSERT INTO "User Names" VALUES (1, 'x', 5, 6, 'é'), (-3, NULL, 1, 2, NULL);
  CREATE TABLE pair (a INT, b TEXT, c INT AS (a * 2) STORED, d INT AS (CAST(a * 0.6 AS INTEGER)), j JSON, PRIMARY KEY (b, a)) WITHOUT ROWID;
  INSERT INTO pair VALUES (1, 'b', '{"b": 1}'), (2, 'a', '{"a": 2}'), (1, 'a', NULL);
  CREATE TABLE bare (v, w TEXT); INSERT INTO bare VALUES (1, 'x'), ('two', NULL), (3.5, 'y');
  CREATE TABLE empty_one (id INTEGER PRIMARY KEY AUTOINCREMENT, v);`;

test.skipIf(!PYTHON)('every pitfall: each cell is right, or it is one that was named', async () => {
  const file = sqliteFile(PITFALLS);
  const { rejects_file } = await brought(file, { null: true });
  const named = readFileSync(rejects_file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ table, key, column }) => `${table} ${key} ${column}`)
    .sort();
  const { cells, tables, differences } = verdict(file);
  expect(tables).toBe(7);
  expect(cells).toBeGreaterThan(180);
  expect(differences.map(([table, row, column]) => `${table} ${row} ${column}`).sort()).toEqual(named);
  expect(named).toEqual([
    ...['numbers 4 i', 'numbers 5 ok', 'texts 1 a', 'texts 2 a', 'texts 3 j', 'texts 4 j', 'times 4 at'],
    ...['times 4 clock', 'times 4 day', 'times 5 at', 'times 6 at', 'times 7 at'],
  ]);
});

test.skipIf(!PYTHON)('a cell that is altered in the database is found by it', async () => {
  const file = sqliteFile(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, NULL), (2, NULL)',
  );
  await brought(file);
  await sql("UPDATE t SET v = ''");
  expect(verdict(file).differences).toHaveLength(2);
});

/** Debian's proj-data has one; PGDECK_REAL_SQLITE names others, with colons between them. */
const REAL = [PROJ_DB, ...(process.env.PGDECK_REAL_SQLITE ?? '').split(':').filter(Boolean)].filter((file) =>
  existsSync(file),
);

test.skipIf(!PYTHON).each(REAL)('a file that nobody here wrote: %s', { timeout: 300_000 }, async (file) => {
  await sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  const { tables } = await brought(file);
  const { cells, differences } = verdict(file);
  expect(differences).toEqual([]);
  expect(cells).toBeGreaterThan(10_000);
  expect(tables.length).toBeGreaterThan(0);
});
