import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { contextIn, databasesLike, dropLike, inDatabase } from '../../../ops/restore/stage.ts';
import { takenBack } from '../../../ops/role/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(async () => {
  await inDatabase('postgres', async (session) => {
    await session.sql(`DROP ROLE IF EXISTS ${db.database}_r`);
  });
  await dropLike(db.database);
  await db.drop();
});

const here = (database = 'postgres') =>
  contextIn({ ...db.target(), database }, home, { XDG_STATE_HOME: join(home, '.local', 'state') });

/** Runs a command in a process of its own that kills itself at the point; answers the run. */
async function killedAt(point: string, database: string, ...args: string[]): Promise<string> {
  const { host, port, user } = db.target();
  const child = spawn(
    process.execPath,
    [MAIN, '-h', host, '-p', String(port), '-U', user, '-d', database, ...args],
    {
      env: { ...cleanEnvironment(home), PGDECK_CRASH_AT: point, BACKUP_DIR: join(home, 'backups') },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const [, signal] = await once(child, 'close');
  expect(signal, said).toBe('SIGKILL');
  return listRuns(here().journal)[0]?.id ?? '';
}

/** What recover tells of it, and that it comes to its end. */
async function recovered(run: string, database?: string): Promise<string> {
  const context = here(database);
  const plan = await recover.plan({ run }, context);
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  return plan.facts.map(({ label, value }) => `${label} ${value}`).join('\n');
}

async function made(name: string): Promise<string> {
  const database = `${db.database}_${name}`;
  await inDatabase('postgres', (session) => session.sql(`CREATE DATABASE ${database}`));
  await inDatabase(database, (session) => session.sql('CREATE TABLE t AS SELECT 7 AS n'));
  return database;
}
const rows = (database: string) => inDatabase(database, (session) => session.sql('SELECT n FROM t'));

test.each(['create', 'create:created', 'create:end', 'comment', 'comment:end'])(
  'db create killed at %s',
  async (point) => {
    const name = `${db.database}_c`;
    const run = await killedAt(point, 'postgres', 'db', 'create', name, '--comment', 'mine', '--yes');
    await recovered(run);
    const there = await inDatabase('postgres', (session) =>
      session.sql(
        `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = '${name}'`,
      ),
    );
    expect(there).toEqual(point === 'create' ? [] : [{ comment: 'mine' }]);
    await dropLike(name);
  },
);

test.each(['drop', 'drop:dropped', 'drop:end'])('db drop killed at %s', async (point) => {
  const name = await made('d');
  const run = await killedAt(point, 'postgres', 'db', 'drop', name, '--no-safety-backup', '--confirm', name);
  const told = await recovered(run);
  const there = await databasesLike(name);
  expect(there).toEqual(point === 'drop' ? [name] : []);
  if (point !== 'drop') expect(told).toContain(`${name} is dropped.`);
  await dropLike(name);
});

test.each([
  'create',
  'create:created',
  'properties',
  'swap',
  'swap:renamed',
  'swap:sealed',
  'swap:committed',
  'swap:end',
])('db reset killed at %s: the one or the other, whole', async (point) => {
  const name = await made('r');
  const run = await killedAt(point, 'postgres', 'db', 'reset', name, '--no-safety-backup', '--confirm', name);
  await recovered(run);
  const after = ['swap:committed', 'swap:end'].includes(point);
  expect(await databasesLike(name)).toHaveLength(after ? 2 : 1);
  if (after) {
    const back = await takenBack(run, here());
    expect(back.end, back.end.text).toMatchObject({ ok: true });
  }
  expect(await rows(name)).toEqual([{ n: 7 }]);
  await dropLike(name);
});

test.each(['empty', 'empty:dropped', 'empty:committed', 'empty:end'])(
  'emptying killed at %s',
  async (point) => {
    const name = await made('e');
    const run = await killedAt(
      point,
      'postgres',
      'db',
      'reset',
      name,
      '--keep-database',
      '--no-safety-backup',
      '--confirm',
      name,
    );
    const told = await recovered(run);
    if (point === 'empty:dropped') expect(told).toContain('was not touched');
    if (point === 'empty:committed' || point === 'empty:end') {
      expect(told).toContain('was emptied, all of it');
      await expect(rows(name)).rejects.toThrow(/does not exist/);
    } else expect(await rows(name)).toEqual([{ n: 7 }]);
    await dropLike(name);
  },
);

test.each(['create', 'create:made', 'create:end', 'login', 'show'])(
  'role create killed at %s',
  async (point) => {
    const role = `${db.database}_r`;
    const run = await killedAt(point, 'postgres', 'role', 'create', role, '--yes');
    const told = await recovered(run);
    const there = await inDatabase('postgres', (session) =>
      session.sql(`SELECT FROM pg_roles WHERE rolname = '${role}'`),
    );
    const lives = !['create', 'create:made'].includes(point);
    expect(there).toHaveLength(lives ? 1 : 0);
    if (lives) {
      expect(told).toContain('was not shown to anybody');
      expect((await takenBack(run, here())).end).toMatchObject({ ok: true });
    }
  },
);

test.each(['set', 'set:set', 'set:end', 'show'])('role password killed at %s', async (point) => {
  const role = await db.roleWith();
  const stored = async () =>
    (
      await inDatabase('postgres', (session) =>
        session.sql(`SELECT rolpassword AS p FROM pg_authid WHERE rolname = '${role}'`),
      )
    )[0]?.p;
  await inDatabase('postgres', (session) => session.sql(`ALTER ROLE ${role} PASSWORD 'before'`));
  const before = await stored();
  const run = await killedAt(point, 'postgres', 'role', 'password', role, '--yes');
  const told = await recovered(run);
  if (point === 'set') expect(await stored()).toBe(before);
  else {
    expect(told).toContain('was not shown to anybody');
    const back = await takenBack(run, here());
    expect(back.end, back.end.text).toMatchObject({ ok: true });
    expect(await stored()).toBe(before);
  }
});

test.each(['grant', 'grant:granted', 'grant:committed'])('role grant killed at %s', async (point) => {
  const role = await db.roleWith();
  const run = await killedAt(point, db.database, 'role', 'grant', role, '--as', 'monitor', '--yes');
  await recovered(run, db.database);
  const [row] = await inDatabase('postgres', (session) =>
    session.sql(`SELECT pg_has_role('${role}', 'pg_monitor', 'USAGE') AS has`),
  );
  expect(row?.has).toBe(point === 'grant:committed');
});

test.each([
  ['run', 'SELECT 1', 0],
  ['run:1', 'all of it was rolled back', 0],
  ['run:last', 'all of it was rolled back', 0],
  ['run:committed', 'all of it is committed', 2],
])('run-sql in a transaction killed at %s', async (point, says, count) => {
  const file = join(home, 'tx.sql');
  writeFileSync(file, 'INSERT INTO f VALUES (1);\nINSERT INTO f VALUES (2);\n');
  await inDatabase(db.database, (session) => session.sql('DROP TABLE IF EXISTS f; CREATE TABLE f (n int)'));
  const run = await killedAt(point, db.database, 'run-sql', file, '--yes');
  const told = await recovered(run, db.database);
  if (point !== 'run') expect(told).toContain(says);
  expect(await inDatabase(db.database, (session) => session.sql('SELECT FROM f'))).toHaveLength(count);
});

test('run-sql one by one killed after its first statement', async () => {
  const file = join(home, 'one.sql');
  writeFileSync(file, 'INSERT INTO f VALUES (1);\nINSERT INTO f VALUES (2);\n');
  await inDatabase(db.database, (session) => session.sql('DROP TABLE IF EXISTS f; CREATE TABLE f (n int)'));
  const run = await killedAt('run:1', db.database, 'run-sql', file, '--no-transaction', '--yes');
  expect(await recovered(run, db.database)).toContain('statements 1–1 of 2 are committed');
  expect(await inDatabase(db.database, (session) => session.sql('SELECT n FROM f'))).toEqual([{ n: 1 }]);
});
