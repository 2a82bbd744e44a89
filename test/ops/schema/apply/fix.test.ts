import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';
import { column, complaints, contextFor, linesOf, planFix, resultOf, snapshotFile } from './stage.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = (role?: string) => contextFor(db.target(role), home);

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
});
afterAll(() => db.drop());

beforeEach(async () => {
  await session.sql(`DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app; SET search_path = app;
    CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, age int);
    CREATE TABLE orders (id int PRIMARY KEY, user_id int, total numeric DEFAULT 0)`);
});

/** A file of the structure with these statements; then the statements that take from it again. */
async function expectedWith(more: string, damage: string): Promise<string> {
  await session.sql(more);
  const file = await snapshotFile(home, session);
  await session.sql(damage);
  return file;
}

test('what is missing is added, what is for a person is told, what is besides stays; a second fix finds nothing more', async () => {
  const against = await expectedWith(
    `CREATE UNIQUE INDEX users_email ON users (email); ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users;
     CREATE VIEW big AS SELECT id FROM orders WHERE total > 9; ALTER TABLE users ADD COLUMN note text NOT NULL DEFAULT 'x'`,
    `DROP INDEX users_email; ALTER TABLE orders DROP CONSTRAINT orders_user; DROP VIEW big; ALTER TABLE users DROP COLUMN note;
     ALTER TABLE orders ALTER total DROP DEFAULT; CREATE TABLE besides (id int); INSERT INTO users VALUES (1, 'a'); INSERT INTO orders VALUES (1, 1)`,
  );
  const context = here();
  const plan = await planFix(context, { against });
  expect(plan).toMatchObject({ subject: db.database, danger: 'type-name', writes: true });
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'same',
    'column:app.users.note',
    'index:app.users_email',
    'constraint:app.orders.orders_user',
    'constraint:app.orders.orders_user:2',
    'view:app.big',
    'check',
  ]);
  expect(plan.steps[2]).toMatchObject({
    title: 'Create index app.users_email',
    preview: `SET lock_timeout = '0s';\nCREATE UNIQUE INDEX CONCURRENTLY "users_email" ON "app"."users" USING btree (email);`,
    effect:
      'SHARE UPDATE EXCLUSIVE on "app"."users"; to take it back: DROP INDEX CONCURRENTLY "app"."users_email"',
  });
  expect(plan.tables?.[0]?.rows).toEqual([
    [
      'minor',
      'changed:column:app.orders.total:default',
      '0',
      'none',
      'ALTER TABLE "app"."orders" ALTER COLUMN "total" SET DEFAULT 0',
    ],
  ]);
  const { end, events, run } = await carryOut(plan, context);
  // something remains: the command's exit code is 1
  expect(end).toMatchObject({ status: 'done', ok: false });
  expect(end.text).toContain('1 issue remains: changed:column:app.orders.total:default.');
  expect(run?.status).toBe('done');
  expect(resultOf(events, 'How to take it back').map(([, sql]) => sql)).toEqual([
    'DROP VIEW "app"."big";',
    'ALTER TABLE "app"."orders" DROP CONSTRAINT "orders_user";',
    'DROP INDEX CONCURRENTLY "app"."users_email";',
    'ALTER TABLE "app"."users" DROP COLUMN "note";',
  ]);
  expect(await column(session, `SELECT to_regclass('app.besides')`)).toEqual(['besides']);
  const second = await planFix(here(), { against });
  expect(second.steps.map(({ id }) => id)).toEqual(['check']);
  expect((await carryOut(second, here())).end.ok).toBe(false);
  await session.sql('ALTER TABLE orders ALTER total SET DEFAULT 0');
  const third = await planFix(here(), { against });
  expect(third).toMatchObject({ danger: 'none', steps: [], title: expect.stringMatching(/nothing to fix$/) });
});

test('what takes an addition back is told in an order in which it can be run', async () => {
  const against = await expectedWith(
    `CREATE MATERIALIZED VIEW sums AS SELECT user_id, sum(total) FROM orders GROUP BY user_id; CREATE UNIQUE INDEX sums_user ON sums (user_id);
     COMMENT ON INDEX sums_user IS 'one each'; CREATE TABLE items (id int PRIMARY KEY); CREATE INDEX items_id ON items (id);
     COMMENT ON TABLE items IS 'sold'`,
    'DROP MATERIALIZED VIEW sums; DROP TABLE items',
  );
  const before = await takeSchemaSnapshot(session);
  const context = here();
  const { end, events } = await carryOut(await planFix(context, { against }), context);
  expect(end.ok).toBe(true);
  for (const [, sql = ''] of resultOf(events, 'How to take it back')) await session.sql(sql);
  expect(await takeSchemaSnapshot(session)).toEqual(before);
});

test('what the data forbids is a warning with the rows, and the rest goes on', async () => {
  const against = await expectedWith(
    `ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email), ADD CONSTRAINT grown CHECK (age > 17), ADD COLUMN must int NOT NULL;
     ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users; CREATE INDEX orders_total ON orders (total)`,
    `ALTER TABLE users DROP CONSTRAINT users_email, DROP CONSTRAINT grown, DROP COLUMN must; ALTER TABLE orders DROP CONSTRAINT orders_user;
     DROP INDEX orders_total;
     INSERT INTO users VALUES (1, 'a', 20), (2, 'a', 3), (3, 'a', NULL), (4, 'b', 2); INSERT INTO orders VALUES (1, 1), (2, 7), (3, 8), (4, NULL)`,
  );
  const context = here();
  const plan = await planFix(context, { against });
  const told = complaints(plan);
  expect(told.toSorted()).toEqual([
    expect.stringMatching(
      /^warn app\.orders\.orders_user: 2 rows forbid it: they refer to rows that app\.users does not have\..* Then: pgdeck orphans --table app\.orders --key orders_user$/,
    ),
    expect.stringMatching(/^warn app\.users\.grown: 2 rows forbid it: the check is false for them\./),
    expect.stringMatching(
      /^warn app\.users\.must: 4 rows would have no value, so it is added without NOT NULL\./,
    ),
    expect.stringMatching(
      /^warn app\.users\.users_email: 3 rows forbid it: they are not unique\. See them with: SELECT/,
    ),
  ]);
  // the queries list those rows
  for (const detail of told.filter((text) => text.includes('forbid'))) {
    const query = /See them with: (.*?)( Then: .*)?$/.exec(detail)?.[1] ?? '';
    expect(await session.sql(query)).toHaveLength(Number(/: (\d) rows/.exec(detail)?.[1]));
  }
  const { end, events } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'failed', ok: false });
  expect(end.text).toMatch(/3 rows forbid it: they are not unique/);
  expect(end.text).toMatch(/2 rows forbid it: they refer to rows/);
  const remains = resultOf(events, 'What remains').map(([, id]) => id);
  expect(remains.sort()).toEqual([
    'changed:column:app.users.must:not null',
    'invalid:constraint:app.orders.orders_user',
    'invalid:constraint:app.users.grown',
    'missing:constraint:app.users.users_email',
  ]);
  expect(
    await column(session, `SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY 1`),
  ).toEqual(['grown', 'orders_user']);
  expect(await column(session, `SELECT to_regclass('app.orders_total')`)).toEqual(['orders_total']);
  // once the rows are right, the rest is done
  await session.sql(
    `UPDATE users SET email = id::text, age = 30; UPDATE orders SET user_id = 1; UPDATE users SET must = 1; ALTER TABLE users ALTER must SET NOT NULL`,
  );
  const again = here();
  expect((await carryOut(await planFix(again, { against }), again)).end).toMatchObject({
    ok: true,
    status: 'done',
  });
});

test('rows that come between plan and run forbid it as well, and leave no invalid index', async () => {
  const against = await expectedWith('CREATE UNIQUE INDEX users_age ON users (age)', 'DROP INDEX users_age');
  const context = here();
  const plan = await planFix(context, { against });
  expect(complaints(plan)).toEqual([]);
  const writer = await client(db.target());
  await writer.sql("BEGIN; INSERT INTO app.users VALUES (1, 'a', 5), (2, 'b', 5)");
  const running = carryOut(plan, context);
  await until(
    async () =>
      (
        await column(
          session,
          `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE INDEX%' AND wait_event_type = 'Lock'`,
        )
      )[0] === '1',
    { what: 'the build waits for the writer' },
  );
  await writer.sql('COMMIT');
  const { end } = await running;
  expect(end.text).toMatch(/users_age/);
  expect(end.ok).toBe(false);
  expect(await column(session, 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid')).toEqual([]);
});

test('a structure that has changed since it was planned is left alone', async () => {
  const against = await expectedWith('CREATE VIEW v AS SELECT 1 AS one', 'DROP VIEW v');
  const context = here();
  const plan = await planFix(context, { against });
  await session.sql('ALTER TABLE users ADD COLUMN other int');
  const { end } = await carryOut(plan, context);
  expect(end.text).toMatch(/has changed since it was planned .* Nothing was done\./);
  expect(await column(session, `SELECT to_regclass('app.v')`)).toEqual(['null']);
});

test('a lock that somebody holds is tried for, and its holder named; the rest goes on', async () => {
  const against = await expectedWith(
    'ALTER TABLE users ADD COLUMN extra int; CREATE VIEW v AS SELECT 1 AS one',
    'ALTER TABLE users DROP COLUMN extra; DROP VIEW v',
  );
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN; SELECT FROM app.users');
  const context = here();
  const plan = await planFix(context, { against, lock_timeout: 0.1, wait: 0.5 });
  const { end, events } = await carryOut(plan, context);
  expect(end.text).toContain(`session ${holder.pid}`);
  expect(linesOf(events).some((line) => line.includes('retry in'))).toBe(true);
  expect(await column(session, `SELECT to_regclass('app.v')`)).toEqual(['v']);
  await holder.sql('ROLLBACK');
  const again = here();
  expect((await carryOut(await planFix(again, { against }), again)).end.ok).toBe(true);
});

test('a lock on the table that a foreign key refers to is told as that', async () => {
  const against = await expectedWith(
    'ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users',
    'ALTER TABLE orders DROP CONSTRAINT orders_user',
  );
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN; LOCK TABLE app.users IN ROW EXCLUSIVE MODE');
  const context = here();
  const plan = await planFix(context, { against, lock_timeout: 0.1, wait: 0.3 });
  expect(plan.steps[1]?.effect).toContain(
    'SHARE ROW EXCLUSIVE on "app"."orders", SHARE ROW EXCLUSIVE on "app"."users"',
  );
  const { end } = await carryOut(plan, context);
  await holder.sql('ROLLBACK');
  expect(end.text).toContain('app.orders or app.users was locked by session');
});

test('a role without rights is told who may, and a chosen issue alone is mended', async () => {
  const against = await expectedWith(
    'CREATE INDEX users_age ON users (age); CREATE INDEX orders_total ON orders (total)',
    'DROP INDEX users_age, orders_total',
  );
  const role = await db.roleWith();
  const context = here(role);
  const { end } = await carryOut(await planFix(context, { against }), context);
  expect(end.text).toMatch(/postgres, who owns it, or a superuser may do that/);
  const own = here();
  const plan = await planFix(own, { against, only: ['missing:index:app.users.users_age'] });
  expect(plan.steps.map(({ id }) => id)).toEqual(['same', 'index:app.users_age', 'check']);
  await carryOut(plan, own);
  expect(await column(session, `SELECT to_regclass('app.users_age'), 1`)).toEqual(['users_age']);
  await expect(planFix(here(), { against, only: ['missing:index:x'] })).rejects.toThrow(/no such issue/);
});

test('a file that says more than it may blocks the plan, and names the object', async () => {
  await session.sql('CREATE VIEW v AS SELECT 1 AS one');
  const against = await snapshotFile(home, session, (snapshot) => ({
    ...snapshot,
    objects: snapshot.objects.map((object) =>
      object.kind === 'view'
        ? { ...object, attributes: { definition: ' SELECT 1; DROP TABLE app.users' } }
        : object,
    ),
  }));
  await session.sql('DROP VIEW v');
  const context = here();
  const plan = await planFix(context, { against });
  expect(complaints(plan)).toEqual([
    expect.stringMatching(/^block view app\.v: Only what adds is done, and it holds 2 statements\./),
  ]);
  const { end } = await carryOut(plan, context);
  expect(end.status).toBe('refused');
  expect(await column(session, `SELECT to_regclass('app.users')`)).toEqual(['users']);
});

test('cancelled while an index is built: what was added stays, and nothing is left invalid', async () => {
  const against = await expectedWith(
    `CREATE TYPE mood AS ENUM ('a'); CREATE INDEX users_age ON users (age); CREATE VIEW v AS SELECT 1 AS one`,
    'DROP TYPE mood; DROP INDEX users_age; DROP VIEW v',
  );
  const writer = await client(db.target());
  await writer.sql("BEGIN; INSERT INTO app.users VALUES (1, 'a', 5)");
  const context = here();
  const stop = new AbortController();
  const running = carryOut(await planFix(context, { against }), context, { signal: stop.signal });
  const builds = async (of: string) => {
    const sql = `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%' AND ${of}`;
    return (await column(session, sql))[0];
  };
  await until(async () => (await builds("wait_event_type = 'Lock'")) === '1', {
    what: 'the build waits for the writer',
  });
  stop.abort();
  // without the writer it would be done before it hears of that
  await until(async () => (await builds("state = 'active'")) === '0', { what: 'the build is cancelled' });
  await writer.sql('ROLLBACK');
  const { end } = await running;
  expect(end).toMatchObject({
    status: 'cancelled',
    state: expect.stringMatching(/^1 addition to \S+ stays\.$/),
  });
  expect(await column(session, 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid')).toEqual([]);
  expect(await column(session, `SELECT to_regtype('app.mood')`)).toEqual(['mood']);
});

test('read-only mode is refused', async () => {
  const against = await expectedWith('CREATE VIEW v AS SELECT 1 AS one', 'DROP VIEW v');
  const context = contextOf(db.target(), home, { readOnly: true });
  const { end } = await carryOut(await planFix(context, { against }), context);
  await context.close();
  expect(end).toMatchObject({ status: 'refused', text: expect.stringMatching(/read-only mode/) });
});
