import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  bloatedIndex,
  contextFor,
  holdIn,
  indexesOf,
  invalidIndexes,
  PHASES,
  planReindex,
  reached,
  recovered,
  stopped,
} from '../../../ops/reindex/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
let session: Session;
const home = temporaryDirectory();
const here = () => contextFor(db.target(), home);
const WHOLE = ['t_pkey', 't_t'];

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await bloatedIndex(session, 't', 1_000);
});
afterAll(() => db.drop());

test.each(PHASES)('cancelled while it waits for %s, which end: nothing is left', async (phase) => {
  const letGo = await holdIn(phase, db, 't');
  const context = here();
  const abort = new AbortController();
  const plan = await planReindex(context, { table: ['t'] });
  const cancelled = carryOut(plan, context, { signal: abort.signal });
  await reached(session, phase);
  expect(await invalidIndexes(session)).not.toEqual([]);
  abort.abort();
  await stopped(session);
  await letGo();
  const { end } = await cancelled;
  expect(end).toMatchObject({ status: 'cancelled', text: expect.not.stringMatching(/Not rolled back/) });
  expect(await invalidIndexes(session)).toEqual([]);
  expect(await indexesOf(session, 't')).toEqual(WHOLE);
});

test.each(PHASES)(
  'cancelled while it waits for %s, which stay: what is left is named, and recover removes it',
  async (phase) => {
    const letGo = await holdIn(phase, db, 't');
    const context = here();
    const abort = new AbortController();
    const plan = await planReindex(context, { index: ['t_t'] });
    const cancelled = carryOut(plan, context, { signal: abort.signal });
    await reached(session, phase);
    const begun = await invalidIndexes(session);
    abort.abort();
    const { end, run } = await cancelled;
    expect(end.status).toBe('cancelled');
    if (phase === 'old snapshots') {
      // who has only a snapshot is in nobody's way when an index is dropped
      expect(await invalidIndexes(session)).toEqual([]);
      await letGo();
      return;
    }
    expect(end.text).toMatch(
      /Not rolled back: .*t_t_cc(new|old) stays, invalid: its table is used by session \d+ \(/s,
    );
    expect(end.text).toContain('pgdeck recover');
    expect(run?.facts.reindex).toMatchObject({ doubts: [{ name: 'public.t', known: [] }] });
    expect(begun).toEqual([phase === 'writers before build' ? 't_t_ccnew' : 't_t_ccold']);
    await letGo();
    expect(await recovered(context)).toBe('done');
    expect(await invalidIndexes(session)).toEqual([]);
    expect(await indexesOf(session, 't')).toEqual(WHOLE);
  },
);

test('what was finished before it was cancelled stays, and is not said to be rolled back', async () => {
  await bloatedIndex(session, 'first', 2_000);
  const context = here();
  const abort = new AbortController();
  const plan = await planReindex(context, { table: ['first', 't'] });
  expect(plan.steps.map(({ id }) => id)).toEqual(['table:public.first', 'table:public.t', 'compare']);
  const letGo = await holdIn('writers before build', db, 't');
  const cancelled = carryOut(plan, context, { signal: abort.signal });
  await reached(session, 'writers before build');
  abort.abort();
  await stopped(session);
  await letGo();
  const { end, events } = await cancelled;
  expect(end.status).toBe('cancelled');
  expect(events.flatMap((event) => (event.type === 'rollback' ? [event.step] : []))).toEqual([1]);
  await session.sql('DROP TABLE first');
});

test('ended by somebody else: nothing is left, at once', async () => {
  const letGo = await holdIn('old snapshots', db, 't');
  const context = here();
  const failed = carryOut(await planReindex(context, { index: ['t_t'] }), context);
  await reached(session, 'old snapshots');
  await session.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'REINDEX%' AND datname = current_database()",
  );
  const { end } = await failed;
  expect(end).toMatchObject({ status: 'failed', text: expect.not.stringMatching(/Not rolled back/) });
  expect(await invalidIndexes(session)).toEqual([]);
  await letGo();
});

test('an owner may not remove the copy of a TOAST index: it is named, and a superuser recovers it', async () => {
  const role = await db.roleWith();
  await session.sql(`ALTER TABLE t OWNER TO ${role}`);
  const letGo = await holdIn('readers before marking dead', db, 't');
  const context = contextFor(db.target(role), home);
  const abort = new AbortController();
  const plan = await planReindex(context, { table: ['t'] });
  expect(plan.checks).toContainEqual(
    expect.objectContaining({ title: 'Cancelling', detail: expect.stringContaining('by a superuser only') }),
  );
  const cancelled = carryOut(plan, context, { signal: abort.signal });
  await reached(session, 'readers before marking dead');
  abort.abort();
  await stopped(session);
  await letGo();
  const { end } = await cancelled;
  expect(end.text).toMatch(
    /Not rolled back: .*pg_toast_\d+_index_ccold stays, invalid: only a superuser may do that: DROP INDEX CONCURRENTLY/s,
  );
  expect(await invalidIndexes(session)).toEqual([expect.stringMatching(/^pg_toast\..*_ccold$/)]);
  expect(await recovered(here())).toBe('done');
  expect(await invalidIndexes(session)).toEqual([]);
});

test.each(PHASES)('killed while it waits for %s: recover ends it and removes what it left', async (phase) => {
  const letGo = await holdIn(phase, db, 't');
  const { host, port } = db.target();
  const env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: db.database,
    XDG_STATE_HOME: `${home}/state`,
  });
  const child = spawn(process.execPath, [MAIN, 'reindex', '--table', 't', '--yes'], { env, stdio: 'ignore' });
  const gone = once(child, 'exit');
  try {
    await reached(session, phase);
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
  const context = here();
  expect(listRuns(context.journal)[0]).toMatchObject({ operation: 'reindex', status: 'interrupted' });
  // by then the server has been told to stop: it cannot have come to the end by itself
  const status = await recovered(context, (event) => {
    if (event.type === 'start' && event.id === 'sweep') void letGo();
  });
  expect(status).toBe('done');
  expect(await invalidIndexes(session)).toEqual([]);
  expect(await indexesOf(session, 't')).toEqual(WHOLE);
});
