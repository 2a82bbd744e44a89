import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { inDatabase } from '../../restore/stage.ts';
import { concerns, contextAt, done, planned, takenBack } from '../stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let owner: string;
beforeAll(async () => {
  db = await testDatabase();
  owner = await db.roleWith();
  await sql(
    `CREATE SCHEMA shop AUTHORIZATION ${owner}; CREATE TABLE shop."Orders" (id serial, v text); CREATE TABLE shop.items (id int);
     ALTER TABLE shop."Orders" OWNER TO ${owner}; ALTER TABLE shop.items OWNER TO ${owner};
     CREATE FUNCTION shop.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION shop.f(int) FROM PUBLIC;
     CREATE SCHEMA other; CREATE TABLE other.t (id int); REVOKE CONNECT ON DATABASE ${db.database} FROM PUBLIC`,
  );
});
afterAll(async () => {
  await sql(
    `DROP SCHEMA shop CASCADE; DROP SCHEMA other CASCADE; ALTER DATABASE ${db.database} OWNER TO postgres`,
  );
  await sql(`DROP OWNED BY ${owner} CASCADE`);
  await db.drop();
});
const sql = (text: string) => inDatabase(db.database, (session) => session.sql(text));
const here = (role?: string) => contextAt(db.target(role), home);
const as = async (role: string, text: string) => {
  const session = await connect(db.target(role), 'workload', 'test');
  try {
    return await session.sql(text);
  } finally {
    await session.close();
  }
};
/** Everything that was granted in the database, as the server has it. */
const acls = () =>
  sql(`SELECT relname::text AS name, relacl::text AS acl FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, 'other'::regnamespace)
    UNION ALL SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname IN ('shop', 'other', 'public')
    UNION ALL SELECT defaclrole::regrole || ' ' || defaclobjtype::text, defaclacl::text FROM pg_default_acl
    UNION ALL SELECT datname, datacl::text FROM pg_database WHERE datname = current_database() ORDER BY 1, 2`);
const empty = (rows: Record<string, unknown>[]) =>
  rows.map(({ name, acl }) => ({
    name,
    acl: acl === null ? null : [...new Set(String(acl).replace(/[{}]/g, '').split(','))].sort().join(),
  }));

test('read-only: what is there and what will be, and nothing more; done again it does nothing; taken back exactly', async () => {
  const role = await db.roleWith();
  await sql(`GRANT USAGE ON SCHEMA shop TO ${role}; GRANT SELECT ON shop.items TO ${role}`);
  const before = await acls();
  const { plan, end } = await done('role grant', { name: role, as: 'read-only', schema: ['shop'] }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.steps[0]?.preview.split('\n')).toEqual([
    'BEGIN;',
    `GRANT CONNECT ON DATABASE "${db.database}" TO "${role}";`,
    `GRANT SELECT ON SEQUENCE shop."Orders_id_seq" TO "${role}";`,
    `GRANT SELECT ON TABLE shop."Orders" TO "${role}";`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE "${owner}" IN SCHEMA "shop" GRANT SELECT ON TABLES TO "${role}";`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE "${owner}" IN SCHEMA "shop" GRANT SELECT ON SEQUENCES TO "${role}";`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE "postgres" IN SCHEMA "shop" GRANT SELECT ON TABLES TO "${role}";`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE "postgres" IN SCHEMA "shop" GRANT SELECT ON SEQUENCES TO "${role}";`,
    'COMMIT;',
  ]);
  await sql(`SET ROLE ${owner}; CREATE TABLE shop.later (id int)`);
  for (const table of ['"Orders"', 'items', 'later'])
    expect(await as(role, `SELECT * FROM shop.${table}`)).toEqual([]);
  await expect(as(role, 'INSERT INTO shop.items VALUES (1)')).rejects.toThrow(/denied/);
  await expect(as(role, 'SELECT * FROM other.t')).rejects.toThrow(/denied/);
  await sql('DROP TABLE shop.later');
  const again = await planned('role grant', { name: role, as: 'read-only', schema: ['shop'] }, here());
  expect(again.steps).toEqual([]);
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(empty(await acls()).filter(({ acl }) => String(acl).includes(role))).toEqual(
    empty(before).filter(({ acl }) => String(acl).includes(role)),
  );
});

test('read-write: rows, sequences and routines of every schema', async () => {
  const role = await db.roleWith();
  const { end } = await done('role grant', { name: role, as: 'read-write' }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  await as(
    role,
    `INSERT INTO shop."Orders" (v) VALUES ('x'); UPDATE shop."Orders" SET v = 'y'; DELETE FROM shop."Orders"; SELECT shop.f(1); INSERT INTO other.t VALUES (1)`,
  );
  await expect(as(role, 'CREATE TABLE shop.mine ()')).rejects.toThrow(/denied/);
  await expect(as(role, 'TRUNCATE other.t')).rejects.toThrow(/denied/);
  expect((await takenBack(end.run, here())).end.ok).toBe(true);
  await expect(as(role, 'SELECT 1')).rejects.toThrow(/CONNECT|denied/);
});

test('monitor is pg_monitor', async () => {
  const role = await db.roleWith();
  const { plan, end } = await done('role grant', { name: role, as: 'monitor' }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.steps[0]?.preview).toMatch(/GRANT "pg_monitor" TO /);
  expect(await as(role, "SELECT pg_has_role('pg_monitor', 'USAGE') AS has")).toEqual([{ has: true }]);
  expect((await takenBack(end.run, here())).end.ok).toBe(true);
  expect(await sql(`SELECT pg_has_role('${role}', 'pg_monitor', 'USAGE') AS has`)).toEqual([{ has: false }]);
});

test('owner of what a superuser owns: the database changes hands, and goes back', async () => {
  const role = await db.roleWith();
  const { plan, end } = await done('role grant', { name: role, as: 'owner' }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  expect(concerns(plan).join()).toMatch(/a superuser, whose rights are not given away/);
  await as(
    role,
    'CREATE TABLE shop.own (); DROP TABLE shop.own; CREATE SCHEMA mine; DROP SCHEMA mine; TRUNCATE shop.items',
  );
  expect((await takenBack(end.run, here())).end.ok).toBe(true);
  expect(
    await sql('SELECT datdba::regrole::text AS o FROM pg_database WHERE datname = current_database()'),
  ).toEqual([{ o: 'postgres' }]);
});

test('owner of what a role owns: a member of it', async () => {
  const role = await db.roleWith();
  await sql(`ALTER DATABASE ${db.database} OWNER TO ${owner}`);
  const { plan, end } = await done('role grant', { name: role, as: 'owner' }, here());
  expect(end, end.text).toMatchObject({ ok: true });
  const preview = plan.steps[0]?.preview ?? '';
  expect(preview).toContain(`GRANT "${owner}" TO "${role}"`);
  // what is not the owner's is granted besides
  expect(preview).toContain('ON TABLE other.t TO');
  expect(preview).not.toContain('shop.items');
  await as(
    role,
    'ALTER TABLE shop.items ADD COLUMN x int; ALTER TABLE shop.items DROP COLUMN x; TRUNCATE other.t',
  );
  expect((await planned('role grant', { name: role, as: 'owner' }, here())).steps).toEqual([]);
  expect((await takenBack(end.run, here())).end.ok).toBe(true);
  await sql(`ALTER DATABASE ${db.database} OWNER TO postgres`);
});

test('who may not grant it is told before: nothing is half given', async () => {
  const [role, plain] = [await db.roleWith(), await db.roleWith()];
  await sql(`GRANT CONNECT ON DATABASE ${db.database} TO ${plain}`);
  const blocked = concerns(await planned('role grant', { name: role, as: 'read-only' }, here(plain))).join(
    '\n',
  );
  expect(blocked).toMatch(/block Privileges: .* may not grant rights on what belongs to .*postgres/);
  expect(
    concerns(await planned('role grant', { name: role, as: 'read-only', schema: ['nope'] }, here())).join(),
  ).toMatch(/There is no schema nope/);
  const superuser = await planned('role grant', { name: 'postgres', as: 'read-only' }, here());
  expect(superuser.steps).toEqual([]);
});
