import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/session.ts';
import { listRuns } from '../../../../../src/ops/engine/journal/runs.ts';
import { recover } from '../../../../../src/ops/recover/recover.ts';
import { carryOut } from '../../../../ops/engine/run/stage.ts';
import { column, contextFor, planFix, snapshotFile } from '../../../../ops/schema/apply/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let session: Session;
let against: string;

const MISSING = `CREATE TABLE app.late (id int PRIMARY KEY, note text); CREATE INDEX users_age ON app.users (age);
  ALTER TABLE app.users ADD CONSTRAINT users_email UNIQUE (email), ADD CONSTRAINT grown CHECK (age > 0); CREATE VIEW app.v AS SELECT id FROM app.users`;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql(`CREATE SCHEMA app; CREATE TABLE app.users (id int PRIMARY KEY, email text, age int);
    INSERT INTO app.users SELECT n, 'm' || n, n FROM generate_series(1, 500) n`);
  await session.sql(MISSING);
  against = await snapshotFile(home, session);
});
afterAll(() => db.drop());

/** As it was before anything was mended. */
async function damaged(): Promise<void> {
  await session.sql(`DROP TABLE IF EXISTS app.late; DROP VIEW IF EXISTS app.v; DROP INDEX IF EXISTS app.users_age;
    ALTER TABLE app.users DROP CONSTRAINT IF EXISTS users_email, DROP CONSTRAINT IF EXISTS grown`);
}

const invalid = () => column(session, 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid');
const shadows = (run: string) =>
  column(
    session,
    `SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE '%${run}%'`,
  );

async function ended(run: string): Promise<void> {
  await until(
    async () =>
      (await column(session, `SELECT pid FROM pg_stat_activity WHERE application_name = 'pgdeck:${run}'`))
        .length === 0,
    { what: 'the sessions of the dead run to end', timeout: 15_000 },
  );
}

/** Kills nothing; a run to its end, after which everything is as expected and no run has left anything. */
async function finished(own: string): Promise<void> {
  const context = contextFor(db.target(), own);
  const { end } = await carryOut(await planFix(context, { against }), context);
  expect(end.text).toMatch(/done\.$/);
  expect(end.ok).toBe(true);
  expect((await planFix(contextFor(db.target(), own), { against })).steps).toEqual([]);
  expect(await invalid()).toEqual([]);
}

const flagsOf = () => {
  const { host, port } = db.target();
  return ['-h', host, '-p', String(port), '-U', 'postgres', '-d', db.database];
};

const POINTS = [
  'same:end',
  'rehearse:loaded',
  'safety-dump:end',
  'table:app.late',
  'fix:uncommitted',
  'constraint:app.users.users_email:end',
  'fix:doubted',
  'index:app.users_age:end',
  'check',
];

test.each(POINTS)('killed at %s: recover removes what is left, and another run finishes', async (point) => {
  await damaged();
  const own = join(home, point.replaceAll(/\W/g, '-'));
  const env = cleanEnvironment(own, {
    PGDECK_CRASH_AT: point,
    XDG_STATE_HOME: join(own, 'state'),
    BACKUP_DIR: join(own, 'backups'),
  });
  const { code, stderr } = await pgdeck(
    [...flagsOf(), 'schema', 'fix', '--against', against, '--rehearse', '--backup', '--confirm', db.database],
    env,
  );
  expect(code, stderr).toBeNull();
  const context = contextFor(db.target(), own);
  const [run] = listRuns(context.journal);
  expect(run?.status).toBe('interrupted');
  await ended(run?.id ?? '');
  if (point === 'rehearse:loaded') expect(await shadows(run?.id ?? 'none')).toHaveLength(1);
  const plan = await recover.plan(recover.input.parse({ run: run?.id }), context);
  expect((await carryOut(plan, context)).end.ok).toBe(true);
  expect(await shadows(run?.id ?? 'none')).toEqual([]);
  expect(await invalid()).toEqual([]);
  await finished(own);
});

test('killed while an index is built: what is invalid is on record, and removed', async () => {
  await damaged();
  const own = join(home, 'building');
  copyFileSync(against, join(home, 'same.json'));
  const holder = await client(db.target(), 'holder');
  const env = cleanEnvironment(own, { XDG_STATE_HOME: join(own, 'state') });
  await holder.sql('BEGIN; UPDATE app.users SET age = age WHERE id = 1');
  const only = 'missing:index:app.users.users_age';
  const going = pgdeck(
    [
      ...flagsOf(),
      'schema',
      'fix',
      '--against',
      join(home, 'same.json'),
      '--only',
      only,
      '--confirm',
      db.database,
    ],
    env,
  );
  const context = contextFor(db.target(), own);
  const run = await until(
    async () => {
      const [one] = listRuns(context.journal);
      const waits = await column(
        session,
        `SELECT pid FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'`,
      );
      return waits.length > 0 ? one : undefined;
    },
    { what: 'the build waits for the writer', timeout: 15_000 },
  );
  process.kill(run.pid, 'SIGKILL');
  await going;
  expect(await invalid()).toEqual(['app.users_age']);
  await holder.sql('ROLLBACK');
  const plan = await recover.plan(recover.input.parse({ run: run.id }), context);
  expect((await carryOut(plan, context)).end.ok).toBe(true);
  expect(await invalid()).toEqual([]);
  await finished(own);
});

test('without recover the next run mends an index that was left unfinished', async () => {
  await damaged();
  await session.sql('CREATE INDEX users_age ON app.users (age)');
  await session.sql(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.users_age'::regclass`);
  const context = contextFor(db.target(), join(home, 'unfinished'));
  const plan = await planFix(context, { against });
  expect(plan.steps.map(({ title }) => title)).toContain('Rebuild index app.users_age');
  await finished(join(home, 'unfinished'));
});
