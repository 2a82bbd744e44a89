import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { client, testDatabase } from './cluster.ts';
import { everything, rowCounts } from './everything.ts';

let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;
let took = 0;

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  const started = performance.now();
  await everything(session);
  took = performance.now() - started;
});
afterAll(() => database.drop());

test('it is there in three seconds', () => {
  expect(took).toBeLessThan(3000);
});

test.each([
  [
    'partitioned tables with a primary key',
    `pg_index JOIN pg_class c ON c.oid = indrelid WHERE relkind = 'p' AND indisprimary`,
    2,
  ],
  ['partitions', `pg_class WHERE relispartition AND relkind = 'r'`, 3],
  ['large objects', 'pg_largeobject_metadata', 12],
  ['foreign keys to the table itself', `pg_constraint WHERE contype = 'f' AND conrelid = confrelid`, 1],
  [
    'foreign keys in a circle',
    `pg_constraint a JOIN pg_constraint b ON a.conrelid = b.confrelid AND b.conrelid = a.confrelid
     WHERE a.contype = 'f' AND b.contype = 'f' AND a.conrelid <> a.confrelid`,
    2,
  ],
  ['row security', 'pg_class WHERE relrowsecurity', 1],
  ['policies', 'pg_policy', 1],
  ['generated columns', `pg_attribute WHERE attgenerated <> ''`, 1],
  ['identity columns that are always generated', `pg_attribute WHERE attidentity = 'a'`, 1],
  ['names that are not ASCII', `pg_class WHERE relkind = 'r' AND relname ~ '[^ -~]'`, 2],
  ['names of 63 bytes', `pg_class WHERE relkind = 'r' AND octet_length(relname) = 63`, 1],
  ['names with upper case, blank and dot', `pg_class WHERE relkind = 'r' AND relname ~ '[A-Z].* .*[.]'`, 1],
  ['names with a quote', `pg_namespace WHERE nspname ~ '"'`, 1],
  ['domains', `pg_type WHERE typtype = 'd' AND typnamespace = 'app'::regnamespace`, 1],
  ['enums', `pg_type WHERE typtype = 'e'`, 1],
  ['materialized views that are filled', `pg_class WHERE relkind = 'm' AND relispopulated`, 1],
  ['materialized views that are not', `pg_class WHERE relkind = 'm' AND NOT relispopulated`, 1],
  ['extensions', `pg_extension WHERE extname IN ('citext', 'pg_trgm')`, 2],
  ['unlogged tables', `pg_class WHERE relkind = 'r' AND relpersistence = 'u'`, 1],
  ['publications', 'pg_publication_rel', 2],
  ...['O', 'R', 'A', 'D'].map((state): [string, string, number] => [
    `triggers in state ${state}`,
    `pg_trigger WHERE NOT tgisinternal AND tgenabled = '${state}'`,
    1,
  ]),
  ['sequences', `pg_sequence`, 4],
  [
    'comments on tables and columns',
    `pg_description WHERE classoid = 'pg_class'::regclass AND objoid >= 16384`,
    3,
  ],
  [
    'grants on tables',
    `pg_class WHERE relacl IS NOT NULL AND relkind = 'r' AND relnamespace = 'app'::regnamespace`,
    1,
  ],
  ['grants on columns', 'pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384', 1],
  ['default privileges', 'pg_default_acl', 1],
  ['views', `pg_class WHERE relkind = 'v' AND relnamespace = 'app'::regnamespace`, 1],
  ['functions and procedures', `pg_proc WHERE pronamespace = 'app'::regnamespace`, 3],
  ['constraints that are not validated', 'pg_constraint WHERE NOT convalidated', 1],
  ['exclusion constraints', `pg_constraint WHERE contype = 'x'`, 1],
  ['tables without a primary key', `pg_class WHERE relname = 'keyless'`, 1],
  ['tables that inherit', `pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE c.relname = 'children'`, 1],
  [
    'settings of the database',
    'pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())',
    1,
  ],
])('it has %s', async (_, from, count) => {
  expect(await session.sql(`SELECT count(*)::int AS n FROM ${from}`)).toEqual([{ n: count }]);
});

test('rows are counted table by table', async () => {
  const counts = await rowCounts(session);
  expect(Object.fromEntries(counts)).toMatchObject({
    'app.customers': 200,
    'app.orders_2025': 365,
    'app.orders_2026_north': 112,
    'app.orders_2026_rest': 223,
    'app.parents': 1,
    'app.children': 2,
    'app.empty': 0,
    'app.sales': 3,
    '混合 Schéma.用户 表': 4,
    'we,ird"q.Mixed Case.UserAccounts': 9,
  });
  expect(counts.has('app.orders')).toBe(false);
  expect(counts.has('app.unpopulated')).toBe(false);
});
