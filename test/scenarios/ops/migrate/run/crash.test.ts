import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/client.ts';
import { listRuns } from '../../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../../src/ops/engine/operation.ts';
import { recover } from '../../../../../src/ops/recover/recover.ts';
import { carryOut, contextOf } from '../../../../ops/engine/run/stage.ts';
import {
  directoryOf,
  done,
  environmentOf,
  planned,
  statesOf,
  ways,
} from '../../../../ops/migrate/run/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../../support/cluster.ts';
import { MAIN, temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let database: TestDatabase;
let admin: Session;
let context: OpContext;

const dir = directoryOf(home, 'crash', {
  '1_one': ways(
    "CREATE TABLE ran (what text);\nINSERT INTO ran VALUES ('one');",
    "DELETE FROM ran WHERE what = 'one';\nDROP TABLE ran;",
  ),
  '2_two': ways(
    "INSERT INTO ran VALUES ('two');\nCREATE INDEX CONCURRENTLY ran_what ON ran (what);\nINSERT INTO ran VALUES ('three');",
    "DELETE FROM ran WHERE what = 'three';\nDROP INDEX CONCURRENTLY ran_what;\nDELETE FROM ran WHERE what = 'two';",
  ),
});

beforeAll(async () => {
  database = await testDatabase();
  admin = await client(database.target());
  context = contextOf(database.target(), home, {
    env: { BACKUP_DIR: join(home, 'backups'), XDG_STATE_HOME: join(home, '.local', 'state') },
  });
});
afterEach(async () => {
  await admin.sql('DROP SCHEMA public CASCADE');
  await admin.sql('CREATE SCHEMA public');
});
afterAll(async () => {
  await context?.close();
  await database?.drop();
});

/** Runs it in a process of its own that kills itself at the point. */
async function killedAt(point: string, ...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'migrate', ...args, '--dir', dir, '--json'], {
    env: { ...environmentOf(database, home), PGDECK_CRASH_AT: point },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [, signal] = await once(child, 'close');
  expect(signal, said).toBe('SIGKILL');
  await until(
    async () =>
      (
        await admin.sql(
          "SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgdeck:%' AND datname = current_database()",
        )
      ).length === 0,
    { what: 'the end of what the run had on the server' },
  );
}

/** What there is of the database: what ran, and the index. */
async function there(): Promise<string[]> {
  const [table] = await admin.sql("SELECT to_regclass('ran') AS name");
  if (table?.name === null) return [];
  const rows = await admin.sql(
    "SELECT what FROM ran UNION ALL SELECT CASE WHEN indisvalid THEN 'index' ELSE 'INVALID' END FROM pg_index WHERE indrelid = 'ran'::regclass ORDER BY 1",
  );
  return rows.map(({ what }) => String(what));
}

const ALL = ['index', 'one', 'three', 'two'];

const newest = () => listRuns(context.journal)[0]?.id;

/** What the recovery of a run says, in one text. */
async function recovery(run: string | undefined): Promise<string> {
  const plan = await recover.plan(recover.input.parse({ run }), context);
  const told = [...plan.facts.map(({ value }) => value), ...plan.checks.map(({ detail }) => detail)];
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  return told.join('\n');
}

async function mended(action?: string): Promise<void> {
  const { end } = await done(context, 'repair', { dir, ...(action && { action }) });
  expect(end, end.text).toMatchObject({ ok: true });
}

test.each([
  ['lock:taken', { pending: 2 }, []],
  ['history:end', { pending: 2 }, []],
  ['up:1:2', { pending: 2 }, []],
  ['up:1:history', { pending: 2 }, []],
  ['up:1:committed', { applied: 1, pending: 1 }, ['one']],
  ['up:2', { applied: 1, pending: 1 }, ['one']],
  ['up:2:marked', { applied: 1, dirty: 1 }, ['one']],
  ['up:2:1', { applied: 1, dirty: 1 }, ['one']],
  ['up:2:2', { applied: 1, dirty: 1 }, ['index', 'one', 'two']],
  ['up:2:3', { applied: 1, dirty: 1 }, ['index', 'one', 'two']],
  ['up:2:last', { applied: 1, dirty: 1 }, ALL],
  ['up:2:finished', { applied: 2 }, ALL],
  ['verify', { applied: 2 }, ALL],
] as const)(
  'killed at %s: the status is true, and nothing is applied twice',
  async (point, states, found) => {
    await killedAt(point, 'up', '--yes');
    expect(await statesOf(context, dir)).toEqual(states);
    expect(await there()).toEqual(found);
    const dirty = 'dirty' in states;
    const killed = newest();
    const told = await recovery(killed);
    if (dirty)
      expect(told).toMatch(
        /2 was begun going up and not finished after \d of 3 statements; .*pgdeck .*migrate repair 2 --tool sql --dir/,
      );
    else expect(told).toMatch(/It left nothing/);
    if (dirty) {
      await expect(planned(context, 'up', { dir })).rejects.toThrow(/pgdeck migrate repair/);
      await mended();
      expect(await recovery(killed)).toMatch(/It left nothing/);
    }
    const plan = await planned(context, 'up', { dir });
    if (plan.steps.length > 0) expect((await done(context, 'up', { dir })).end).toMatchObject({ ok: true });
    expect(await there()).toEqual(ALL);
    expect(await statesOf(context, dir)).toEqual({ applied: 2 });
  },
);

test.each([
  ['down:2:marked', 'finish'],
  ['down:2:2', 'finish'],
  ['down:2:last', 'finish'],
] as const)('killed at %s going down: %s', async (point, action) => {
  expect((await done(context, 'up', { dir })).end).toMatchObject({ ok: true });
  const hazards = (await planned(context, 'down', { dir })).checks.flatMap(({ title, detail }) =>
    detail.includes('--acknowledge') ? ['--acknowledge', title] : [],
  );
  await killedAt(point, 'down', '--confirm', database.database, ...hazards);
  expect(await statesOf(context, dir)).toEqual({ applied: 1, dirty: 1 });
  await mended(action);
  expect(await there()).toEqual(['one']);
  expect(await statesOf(context, dir)).toEqual({ applied: 1, pending: 1 });
});

test('killed while an index is made: the server gives up, and what it left is mended', async () => {
  await admin.sql('CREATE TABLE ran (what text)');
  await admin.sql("INSERT INTO ran VALUES ('one')");
  await admin.sql('CREATE TABLE schema_migrations (version varchar PRIMARY KEY)');
  await admin.sql("INSERT INTO schema_migrations VALUES ('1')");
  const old = await client(database.target());
  await old.sql('BEGIN');
  await old.sql("UPDATE ran SET what = 'one'");
  const making = async () =>
    admin.sql('SELECT phase FROM pg_stat_progress_create_index WHERE datname = current_database()');
  const child = spawn(process.execPath, [MAIN, 'migrate', 'up', '--dir', dir, '--yes'], {
    env: environmentOf(database, home),
    stdio: 'ignore',
  });
  const gone = once(child, 'exit');
  try {
    await until(async () => String((await making())[0]?.phase).startsWith('waiting'), {
      what: 'the index that waits for the old transaction',
      timeout: 20_000,
    });
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
  await until(async () => (await making()).length === 0, {
    what: 'the server to notice that its client is gone',
    timeout: 10_000,
  });
  await old.sql('ROLLBACK');
  expect(await there()).toEqual(['INVALID', 'one', 'two']);
  expect(await statesOf(context, dir)).toEqual({ applied: 1, dirty: 1 });
  await mended();
  expect(await there()).toEqual(ALL);
});

test('a repair that is killed can be done again', async () => {
  await killedAt('up:2:1', 'up', '--yes');
  await admin.sql('CREATE TABLE other (what text)');
  await killedAt('up:2:2', 'repair', '2', '--yes');
  expect(await statesOf(context, dir)).toEqual({ applied: 1, dirty: 1 });
  await mended();
  expect(await there()).toEqual(ALL);
});
