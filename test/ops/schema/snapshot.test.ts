import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { diffSchemas } from '../../../src/ops/schema/diff.ts';
import { pathOf, snapshotText } from '../../../src/ops/schema/format.ts';
import { parseSnapshot } from '../../../src/ops/schema/read.ts';
import { takeSchemaSnapshot } from '../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { everything } from '../../support/fixtures/everything.ts';

let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await everything(session);
});
afterAll(() => db.drop());

test('a snapshot of everything is like itself, whoever takes it and however the session writes', async () => {
  const before = await takeSchemaSnapshot(session);
  expect(diffSchemas(before, before)).toEqual([]);
  const other = await connect(db.target(await db.roleWith()), 'slow', 'other');
  await other.sql(`SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'; SET quote_all_identifiers = on;
    SET search_path = app, public`);
  const after = await takeSchemaSnapshot(other);
  expect(await other.sql('SHOW search_path')).toEqual([{ search_path: '"app", "public"' }]);
  await other.close();
  expect(snapshotText(after)).toBe(snapshotText(before));
  const text = snapshotText(before);
  expect(parseSnapshot(text, 'x')).toEqual(before);
  // a line for each object
  expect(text.split('\n')).toHaveLength(before.objects.length + 3);
});

test('a backslash and money are written alike, whatever the session has set', async () => {
  await session.sql(`CREATE TABLE app.slashed (path text DEFAULT E'a\\\\b', price money DEFAULT '1.50')`);
  const before = await takeSchemaSnapshot(session);
  await session.sql('SET standard_conforming_strings = off');
  const after = await takeSchemaSnapshot(session);
  await session.sql('RESET standard_conforming_strings; DROP TABLE app.slashed');
  expect(snapshotText(after)).toBe(snapshotText(before));
  expect(snapshotText(before)).toContain(JSON.stringify(String.raw`'a\b'::text`));
});

test('everything is told, and nothing of an extension', async () => {
  const { objects } = await takeSchemaSnapshot(session);
  const of = (kind: string) => objects.filter((object) => object.kind === kind).map(pathOf);
  expect(of('extension')).toEqual(['citext', 'pg_stat_statements', 'pg_trgm', 'plpgsql']);
  expect(of('view')).toEqual(['app.rich']);
  expect(of('function')).toEqual(['app.double(integer)', 'app.touch()']);
  expect(of('materialized view')).toEqual(['app.sales', 'app.unpopulated']);
  expect(of('sequence')).toEqual(['"we,ird""q"."Mixed Case.UserAccounts_Id_seq"', 'app.ticket']);
  expect(of('table')).toHaveLength(18);
  const attributes = (path: string) => objects.find((object) => pathOf(object) === path)?.attributes;
  expect(attributes('app.customers.words')).toEqual({
    position: 7,
    type: 'tsvector',
    generated: "to_tsvector('simple'::regconfig, name) STORED",
  });
  expect(attributes('app.numbers.touch_replica')).toMatchObject({ fires: 'replica' });
  expect(attributes('app.orders_2026')).toEqual({
    partition_of: 'app.orders',
    partition_bound: "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    partition_key: 'LIST (region)',
  });
  expect(attributes('app.mood')).toEqual({ labels: ['sad', 'ok', '快乐'] });
  expect(attributes('app.customers.own')).toMatchObject({ roles: ['PUBLIC'], command: 'ALL' });
  expect(attributes('shop_changes')).toEqual({
    publishes: 'insert, update',
    tables: ['app.customers', 'app.numbers'],
  });
});

/** What is changed, and how the difference tells it. */
const CHANGES: readonly [sql: string, expected: readonly object[]][] = [
  [
    'ALTER TABLE app.empty ADD COLUMN note text NOT NULL DEFAULT $$x$$',
    [{ kind: 'added', object: 'column', path: 'app.empty.note', after: "text, default 'x'::text, not null" }],
  ],
  [
    'ALTER TABLE app.customers ALTER balance DROP DEFAULT, ALTER name DROP NOT NULL, ALTER born TYPE timestamptz',
    [
      { path: 'app.customers.balance', attribute: 'default', before: '0', after: null },
      { path: 'app.customers.born', attribute: 'type', before: 'date', after: 'timestamp with time zone' },
      { path: 'app.customers.name', attribute: 'not null', before: 'yes', after: null },
    ],
  ],
  [
    'DROP TABLE app.keyless',
    [{ kind: 'removed', object: 'table', path: 'app.keyless', before: '', after: null }],
  ],
  ['CREATE SCHEMA extra CREATE TABLE t (id int PRIMARY KEY) CREATE INDEX ON t (id)', [{ path: 'extra' }]],
  [
    'DROP INDEX app.customers_lower; CREATE INDEX customers_lower ON app.customers (upper(name))',
    [{ object: 'index', path: 'app.customers.customers_lower', attribute: 'definition' }],
  ],
  [
    `ALTER TYPE app.mood ADD VALUE 'calm' BEFORE 'ok'`,
    [{ path: 'app.mood', before: 'sad, ok, 快乐', after: 'sad, calm, ok, 快乐' }],
  ],
  [
    'ALTER TABLE app.numbers VALIDATE CONSTRAINT numbers_positive',
    [{ object: 'constraint', before: 'CHECK ((id > 0)) NOT VALID', after: 'CHECK ((id > 0))' }],
  ],
  [
    'ALTER TABLE app.numbers ENABLE TRIGGER touch_disabled; DROP POLICY own ON app.customers',
    [
      { kind: 'removed', object: 'policy', path: 'app.customers.own' },
      { object: 'trigger', path: 'app.numbers.touch_disabled', attribute: 'fires', before: 'disabled' },
    ],
  ],
  [
    `CREATE OR REPLACE FUNCTION app.double(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n + n';
     COMMENT ON FUNCTION app.double(integer) IS NULL`,
    [
      { object: 'function', path: 'app.double(integer)', attribute: 'comment', before: 'twice', after: null },
      { object: 'function', path: 'app.double(integer)', attribute: 'definition' },
    ],
  ],
  [
    'CREATE OR REPLACE VIEW app.rich WITH (security_barrier) AS SELECT id, name, balance FROM app.customers WHERE balance > 99',
    [
      { object: 'view', path: 'app.rich', attribute: 'definition' },
      { object: 'view', path: 'app.rich', attribute: 'options', after: 'security_barrier=true' },
    ],
  ],
  [
    'ALTER SEQUENCE app.ticket OWNED BY app.numbers.id INCREMENT 1',
    [
      { path: 'app.ticket', attribute: 'increment', before: '5', after: '1' },
      { path: 'app.ticket', attribute: 'owned by', before: null, after: 'app.numbers.id' },
    ],
  ],
  [
    `ALTER TABLE app.scratch SET LOGGED;
     ALTER TABLE app.customers NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL`,
    [
      { path: 'app.customers', attribute: 'replica identity', after: 'full' },
      { path: 'app.customers', attribute: 'row security', before: 'yes', after: null },
      { path: 'app.scratch', attribute: 'unlogged', before: 'yes', after: null },
    ],
  ],
  [
    `CREATE OPERATOR app.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
     CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
     CREATE COLLATION app.plain (LOCALE = 'C'); CREATE TYPE app.span AS RANGE (SUBTYPE = date)`,
    [
      { kind: 'added', object: 'operator', path: 'app.===(integer,integer)' },
      { kind: 'added', object: 'collation', path: 'app.plain' },
      { kind: 'added', object: 'range', path: 'app.span', after: 'date' },
      { kind: 'added', object: 'aggregate', path: 'app.total(integer)' },
    ],
  ],
];

test.each(CHANGES)('%s', async (sql, expected) => {
  const before = await takeSchemaSnapshot(session);
  await session.sql(sql);
  const after = await takeSchemaSnapshot(session);
  expect(diffSchemas(before, after)).toMatchObject(expected);
  expect(diffSchemas(after, before)).toHaveLength(diffSchemas(before, after).length);
});

test('an index that was left invalid is told', async () => {
  await session.sql('CREATE TABLE app.twice (id int); INSERT INTO app.twice VALUES (1), (1)');
  await expect(session.sql('CREATE UNIQUE INDEX CONCURRENTLY twice_id ON app.twice (id)')).rejects.toThrow();
  const { objects } = await takeSchemaSnapshot(session);
  expect(objects.find((object) => pathOf(object) === 'app.twice.twice_id')?.attributes).toMatchObject({
    invalid: true,
  });
});

test('between two major versions only what both write alike is compared', async () => {
  const here = await takeSchemaSnapshot(session);
  const there = {
    ...here,
    serverVersionNum: here.serverVersionNum + 10_000,
    objects: here.objects.map((object) =>
      object.kind === 'view'
        ? { ...object, attributes: { ...object.attributes, definition: 'SELECT 1' } }
        : object.kind === 'extension'
          ? { ...object, attributes: { ...object.attributes, version: '9.9' } }
          : object,
    ),
  };
  expect(diffSchemas(here, there)).toEqual([]);
  expect(diffSchemas(here, { ...there, serverVersionNum: here.serverVersionNum })).not.toEqual([]);
});

test.each([
  ['nothing', 'is not JSON.'],
  ['{"formatVersion": 2}', 'made by a newer pgdeck'],
  ['{"formatVersion": 1, "serverVersionNum": 150000, "objects": [{"kind": "table"}]}', 'objects.0.name'],
])('a file that holds %s is refused', (text, reason) => {
  expect(() => parseSnapshot(text, 'schema.json')).toThrow(reason);
});
