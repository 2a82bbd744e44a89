import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  contextFor,
  described,
  done,
  indexesOf,
  invalidIndexes,
  planCreate,
  planDrop,
  planUndo,
} from '../../../ops/indexes/stage.ts';
import { holdIn, type Phase, reached, recovered, stopped } from '../../../ops/reindex/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql('CREATE TABLE t (id int, t text)');
  await session.sql("INSERT INTO t SELECT i, 'x' || i FROM generate_series(1, 1000) i");
});
afterAll(() => db.drop());

/** The program itself, killed once `ready` holds. */
async function killed(args: readonly string[], ready: () => Promise<unknown>): Promise<void> {
  const { host, port } = db.target();
  const env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: db.database,
    XDG_STATE_HOME: `${home}/state`,
  });
  const child = spawn(process.execPath, [MAIN, ...args, '--yes'], { env, stdio: 'ignore' });
  const gone = once(child, 'exit');
  try {
    await ready();
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}

const CREATING: readonly Phase[] = ['writers before build', 'old snapshots'];

test.each(CREATING)('creating, killed while it waits for %s: recover removes it', async (phase) => {
  const letGo = await holdIn(phase, db, 't');
  await killed(['indexes', 'create', '--table', 't', '--columns', 't'], () => reached(session, phase));
  const context = here();
  const [run] = listRuns(context.journal);
  expect(run).toMatchObject({ operation: 'indexes create', status: 'interrupted' });
  expect(run?.facts.indexes).toMatchObject({ doubts: [{ name: 'public.t', creates: 't_t_idx', known: [] }] });
  const status = await recovered(context, (event) => {
    if (event.type === 'start' && event.id === 'sweep') void letGo();
  });
  expect(status).toBe('done');
  expect(await invalidIndexes(session)).toEqual([]);
  expect(await indexesOf(session, 't')).toEqual([]);
});

test('creating, killed: the same command again removes the rest and finishes', async () => {
  const letGo = await holdIn('old snapshots', db, 't');
  await killed(['indexes', 'create', '--table', 't', '--columns', 't'], () =>
    reached(session, 'old snapshots'),
  );
  await session.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND datname = current_database()",
  );
  await stopped(session);
  await letGo();
  expect(await invalidIndexes(session)).toEqual(['t_t_idx']);
  const context = here();
  const plan = await planCreate(context, { table: 't', columns: ['t'] });
  expect(plan.steps.map(({ id }) => id)).toEqual(['remove:public.t_t_idx', 'create:public.t_t_idx']);
  const { run } = await done(plan, context);
  expect(await described(session, 't_t_idx')).toMatchObject({ valid: true });
  await done(await planUndo(context, run), context);
  expect(await indexesOf(session, 't')).toEqual([]);
});

test('creating, cancelled: what has begun is removed, and what was invalid before is not', async () => {
  await session.sql('CREATE INDEX before ON t (id)');
  await session.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'before'::regclass");
  const letGo = await holdIn('old snapshots', db, 't');
  const context = here();
  const abort = new AbortController();
  const cancelled = carryOut(await planCreate(context, { table: 't', columns: ['t'] }), context, {
    signal: abort.signal,
  });
  await reached(session, 'old snapshots');
  abort.abort();
  const { end } = await cancelled;
  await letGo();
  expect(end).toMatchObject({ status: 'cancelled', text: expect.not.stringMatching(/Not rolled back/) });
  expect(await invalidIndexes(session)).toEqual(['before']);
  await session.sql('DROP INDEX before');
});

/** Whether dropping it has come so far that no query uses it. */
const marked = (index: string) =>
  until(async () => (await described(session, index))?.valid === false, {
    what: `${index} is marked`,
    timeout: 15_000,
  });

const DROP = ['indexes', 'drop', '--index', 't_gone', '--lock-timeout', '60'];

test('dropping, killed: it is INVALID, recover finishes it, and an undo of that run makes it again', async () => {
  await session.sql('CREATE INDEX t_gone ON t (t, id)');
  const before = await described(session, 't_gone');
  const letGo = await holdIn('writers before build', db, 't');
  await killed(DROP, () => marked('t_gone'));
  const context = here();
  const [run] = listRuns(context.journal);
  expect(run).toMatchObject({ operation: 'indexes drop', status: 'interrupted' });
  expect(run?.facts).toMatchObject({ dropped: [{ name: 't_gone', definition: before?.definition }] });
  const status = await recovered(context, (event) => {
    if (event.type === 'start' && event.id === 'sweep') void letGo();
  });
  expect(status).toBe('done');
  expect(await described(session, 't_gone')).toBeUndefined();
  await done(await planUndo(context, run?.id ?? ''), context);
  expect(await described(session, 't_gone')).toEqual(before);
});

test('dropping, killed: the same command again finishes', async () => {
  const letGo = await holdIn('writers before build', db, 't');
  await killed(DROP, () => marked('t_gone'));
  await session.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DROP INDEX%' AND datname = current_database()",
  );
  await letGo();
  const context = here();
  await done(await planDrop(context, { index: ['t_gone'] }), context);
  expect(await described(session, 't_gone')).toBeUndefined();
});

test('partitions, killed at the second: the same command again finishes, and all is valid', async () => {
  await session.sql('CREATE TABLE p (id int, a int) PARTITION BY RANGE (id)');
  for (const n of [1, 2, 3])
    await session.sql(`CREATE TABLE p_${n} PARTITION OF p FOR VALUES FROM (${n}) TO (${n + 1})`);
  await session.sql('INSERT INTO p SELECT 1 + i % 3, i FROM generate_series(1, 3000) i');
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN');
  await holder.sql('UPDATE p_2 SET a = a WHERE a = 1');
  await killed(['indexes', 'create', '--table', 'p', '--columns', 'a'], () =>
    reached(session, 'writers before build'),
  );
  await session.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND datname = current_database()",
  );
  await stopped(session);
  await holder.sql('ROLLBACK');
  await holder.close();
  expect(await invalidIndexes(session)).toEqual(['p_2_a_idx', 'p_a_idx']);
  const context = here();
  const plan = await planCreate(context, { table: 'p', columns: ['a'] });
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'remove:public.p_2_a_idx',
    'create:public.p_2_a_idx',
    'attach:public.p_2_a_idx',
    'create:public.p_3_a_idx',
    'attach:public.p_3_a_idx',
    'whole',
  ]);
  await done(plan, context);
  expect(await invalidIndexes(session)).toEqual([]);
});
