import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { contextFor, planCheck, results } from '../../../ops/check/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, throwawayCluster, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let cluster: Cluster;

beforeAll(async () => {
  cluster = await throwawayCluster({ autovacuum: 'off', synchronous_commit: 'on' });
  const session = await client(cluster.target());
  await session.sql('CREATE EXTENSION amcheck');
  await session.close();
});
afterAll(() => cluster.remove());

/** The check waits for a lock of one table, and what happens then. */
async function whileWaiting(happens: (pid: number) => Promise<void> | void) {
  const session = await client(cluster.target());
  await session.sql('DROP TABLE IF EXISTS first, second');
  await session.sql('CREATE TABLE first (id int PRIMARY KEY)');
  await session.sql('CREATE TABLE second AS SELECT g AS id FROM generate_series(1, 5000) g');
  const context = contextFor(cluster.target(), home);
  const plan = await planCheck(context, { table: ['first', 'second'], lock_timeout: 60 });
  await session.sql('BEGIN');
  await session.sql('LOCK TABLE first IN ACCESS EXCLUSIVE MODE');
  const looker = await client(cluster.target());
  const running = carryOut(plan, context);
  let pid: number | undefined;
  await until(
    async () => {
      const [row] = await looker.sql(
        "SELECT l.pid FROM pg_locks l WHERE l.relation = 'first'::regclass AND NOT l.granted",
      );
      pid = row?.pid as number | undefined;
      return pid !== undefined;
    },
    { what: 'the check waits', timeout: 15_000 },
  );
  await happens(pid ?? 0);
  // one that did not crash waits for it still
  await session.sql('ROLLBACK').catch(() => {});
  const ended = await running;
  await Promise.all([session.close(), looker.close()]);
  return ended;
}

test('a process of the server that crashes as it reads: told as what it is, and the others are checked', async () => {
  const { end, events } = await whileWaiting((pid) => void process.kill(pid, 'SIGSEGV'));
  expect(end).toMatchObject({ status: 'failed' });
  expect(results(events)).toMatchObject({
    'public.first': { result: 'crashed', found: expect.stringContaining('the log names the signal') },
    // it is not read once more, to the same end
    'public.first_pkey': {
      result: 'not checked',
      found: 'reading its table has just brought the server down',
    },
    'public.second': { result: 'ok' },
  });
  expect(end.text).toContain('brings the server down');
}, 90_000);

test('a session that somebody ends is no damage', async () => {
  const { end, events } = await whileWaiting(async (pid) => {
    const admin = await client(cluster.target());
    await admin.sql('SELECT pg_terminate_backend($1)', [pid]);
    await admin.close();
  });
  expect(end, end.text).toMatchObject({ status: 'done' });
  expect(results(events)).toMatchObject({
    'public.first': { result: 'not checked', found: expect.stringContaining('terminating connection') },
    'public.second': { result: 'ok' },
  });
}, 90_000);

test('a run that is cancelled tells what was checked until then', async () => {
  const abort = new AbortController();
  const session = await client(cluster.target());
  await session.sql('BEGIN');
  await session.sql('LOCK TABLE first IN ACCESS EXCLUSIVE MODE');
  const context = contextFor(cluster.target(), home);
  const plan = await planCheck(context, { table: ['first', 'second'], lock_timeout: 60 });
  const { end, events } = await carryOut(plan, context, {
    signal: abort.signal,
    onEvent: (event) => event.type === 'progress' && setImmediate(() => abort.abort()),
  });
  await session.close();
  expect(end.status).toBe('cancelled');
  expect(results(events)['public.second']).toMatchObject({ result: 'not checked' });
  expect(end.state).toMatch(/^Nothing was changed: it was only read\./);
}, 90_000);
