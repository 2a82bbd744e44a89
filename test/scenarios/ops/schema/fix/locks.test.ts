import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONFLICTS, type LockMode } from '../../../../../src/db/lock-modes.ts';
import type { Session } from '../../../../../src/db/session.ts';
import { diffSchemas } from '../../../../../src/ops/schema/diff.ts';
import { locksOf } from '../../../../../src/ops/schema/fix/locks.ts';
import { inOrder } from '../../../../../src/ops/schema/fix/order.ts';
import { mendOf, sidesOf } from '../../../../../src/ops/schema/fix/remedy.ts';
import type { Addition } from '../../../../../src/ops/schema/fix/statement.ts';
import type { Structure } from '../../../../../src/ops/schema/fix/structure.ts';
import { takeSchemaSnapshot } from '../../../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../../../support/cluster.ts';

const BASE = `CREATE SCHEMA app; SET search_path = app;
CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN posint AS int; CREATE TYPE pair AS (a int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE users (id int PRIMARY KEY, email text, n posint, mood mood);
CREATE TABLE orders (id int PRIMARY KEY, user_id int, total numeric, at date);
CREATE TABLE ev (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE ev_2025 PARTITION OF ev FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE ev_rest PARTITION OF ev DEFAULT;
CREATE TABLE bases (id int); CREATE TABLE derived () INHERITS (bases);
CREATE SEQUENCE ticket; CREATE VIEW seen AS SELECT id, email FROM users;
CREATE INDEX orders_at ON orders (at);`;

const MISSING = `CREATE TABLE ev_2026 PARTITION OF ev FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE fresh (id int PRIMARY KEY, user_id int REFERENCES users);
CREATE TABLE heir (more int) INHERITS (bases);
ALTER TABLE bases ADD COLUMN late int, ADD CONSTRAINT positive CHECK (id > 0);
ALTER TABLE users ADD COLUMN note text DEFAULT 'x', ADD CONSTRAINT once UNIQUE (email), ADD CONSTRAINT grown CHECK (n > 1);
ALTER TABLE orders ADD CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE ev ADD CONSTRAINT named PRIMARY KEY (id, day);
ALTER TABLE ev ADD CONSTRAINT of_user FOREIGN KEY (id) REFERENCES users;
CREATE INDEX ev_day ON ev (day); CREATE INDEX orders_total ON orders (total);
ALTER TABLE orders ADD CONSTRAINT apart EXCLUDE USING btree (total WITH =);
CREATE VIEW rich AS SELECT id FROM orders; CREATE MATERIALIZED VIEW sums AS SELECT sum(total) FROM orders;
ALTER VIEW seen ALTER COLUMN email SET DEFAULT 'a'; COMMENT ON COLUMN seen.id IS 'who'; COMMENT ON VIEW seen IS 'all';
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE quiet AS ON DELETE TO seen DO INSTEAD NOTHING; CREATE POLICY own ON users USING (true);
CREATE STATISTICS both_of (dependencies) ON user_id, total FROM orders; CREATE PUBLICATION changes FOR TABLE users, orders;
ALTER SEQUENCE ticket OWNED BY orders.id; COMMENT ON SEQUENCE ticket IS 'next';
ALTER DOMAIN posint ADD CONSTRAINT positive CHECK (VALUE > 0);
ALTER TYPE pair ADD ATTRIBUTE b int; COMMENT ON TABLE orders IS 'sold'; COMMENT ON COLUMN orders.id IS 'no';
COMMENT ON INDEX orders_at IS 'by day'; ALTER TABLE orders ALTER total SET STATISTICS 7; ALTER TABLE users ALTER email SET STORAGE EXTERNAL;`;

let good: TestDatabase;
let bad: TestDatabase;
let session: Session;
let additions: Addition[];
let actual: Structure;

beforeAll(async () => {
  [good, bad] = await Promise.all([testDatabase(), testDatabase()]);
  const [goodSession, own] = await Promise.all([client(good.target()), client(bad.target())]);
  session = own;
  for (const one of [goodSession, session]) await one.sql(BASE);
  await goodSession.sql(MISSING);
  const schemas = {
    actual: await takeSchemaSnapshot(session),
    expected: await takeSchemaSnapshot(goodSession),
  };
  const sides = sidesOf(schemas);
  actual = sides.actual;
  const differences = diffSchemas(schemas.actual, schemas.expected);
  additions = inOrder(differences.flatMap((one) => mendOf(one, sides).additions));
});
afterAll(async () => {
  await good.drop();
  await bad.drop();
});

/** Modes that reading and writing do not meet are not told. */
const FELT = new Set<string>([
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
]);

/** What this session holds on relations of before it began: `app.users AccessExclusiveLock`, the strongest of each. */
async function held(before: ReadonlySet<string>): Promise<string[]> {
  const rows = await session.sql(`SELECT c.oid::text, n.nspname || '.' || c.relname AS name, l.mode
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.pid = pg_backend_pid() AND n.nspname = 'app' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i')`);
  const strongest = new Map<string, LockMode>();
  for (const { oid, name, mode } of rows as { oid: string; name: string; mode: LockMode }[]) {
    if (!before.has(oid) || !FELT.has(mode)) continue;
    const there = strongest.get(name);
    if (there === undefined || CONFLICTS[there].length < CONFLICTS[mode].length) strongest.set(name, mode);
  }
  return [...strongest].map(([name, mode]) => `${name} ${mode}`).sort();
}

async function relations(): Promise<Set<string>> {
  return new Set((await session.sql('SELECT oid::text FROM pg_class')).map(({ oid }) => String(oid)));
}

test('a step takes the locks that it says, and no others', async () => {
  const wrong: unknown[] = [];
  await session.sql("SET search_path = ''");
  const before = await relations();
  for (const one of additions) {
    const { statements, alone } = one;
    if (alone) {
      for (const { sql } of statements) await session.single(sql);
      continue;
    }
    await session.sql('BEGIN');
    for (const { sql } of statements) await session.single(sql);
    const found = await held(before);
    await session.sql('COMMIT');
    const said = locksOf(one, actual)
      .flatMap(({ lock, on, below }) => [on, ...below].map((name) => `${name.join('.')} ${lock}`))
      .sort();
    if (JSON.stringify(found) !== JSON.stringify(said)) wrong.push({ sql: statements[0]?.sql, said, found });
  }
  expect(wrong).toEqual([]);
});
