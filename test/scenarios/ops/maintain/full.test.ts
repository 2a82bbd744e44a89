import { afterAll, beforeAll, expect, test } from 'vitest';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { bloated, compared, contextFor, linesOf, planVacuum } from '../../../ops/maintain/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let db: TestDatabase;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

/** Reads a table again and again, and knows how long the slowest time took. */
async function reader(table: string) {
  const session = await client(db.target(), 'reader');
  const waits: number[] = [];
  let stopped = false;
  const done = (async () => {
    while (!stopped) {
      const began = performance.now();
      await session.sql(`SELECT id FROM ${table} LIMIT 1`);
      waits.push(performance.now() - began);
    }
  })();
  return {
    waits,
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}

/** What a reader waits beyond the timeout: scheduling on a busy machine, and its own query. */
const MARGIN_MS = 400;

test('while a long reader holds the table, no reader behind VACUUM FULL waits longer than the lock timeout', async () => {
  const app = await client(db.target(), 'app');
  await bloated(app, 'queued');
  const long = await client(db.target(), 'long');
  await long.sql('BEGIN');
  await long.sql('SELECT count(*) FROM queued');
  const behind = await reader('queued');
  const context = contextFor(db.target(), home);
  const lockTimeout = 0.6;
  const plan = await planVacuum(context, {
    table: ['queued'],
    full: true,
    lock_timeout: lockTimeout,
    wait: 60,
  });
  let tries = 0;
  const { end, events } = await carryOut(plan, context, {
    onEvent: (event) => {
      if (event.type === 'line' && event.text.includes('retry in') && ++tries === 3) {
        // until here it has run into the reader three times: now only its own work keeps others waiting
        void behind.stop().then(() => long.sql('COMMIT'));
      }
    },
  });
  expect(end.status, end.text).toBe('done');
  const slowest = Math.max(...behind.waits);
  const measured = `slowest of ${behind.waits.length} reads: ${Math.round(slowest)} ms`;
  // it did stand in the queue, and got through after each attempt
  expect(slowest, measured).toBeGreaterThan(lockTimeout * 300);
  expect(slowest, measured).toBeLessThan(lockTimeout * 1000 + MARGIN_MS);
  expect(behind.waits.filter((ms) => ms > lockTimeout * 300).length, measured).toBe(3);
  expect(behind.waits.length).toBeGreaterThan(20);
  expect(linesOf(events).filter((text) => text.includes('is locked by'))).toHaveLength(3);
  expect(compared(events)['public.queued']?.outcome).toBe('done');
  await behind.stop();
});

test('pauses differ, and are never shorter than half the timeout', async () => {
  const app = await client(db.target(), 'app');
  await app.sql('CREATE TABLE paused (id int)');
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN');
  await holder.sql('SELECT * FROM paused');
  const context = contextFor(db.target(), home);
  const plan = await planVacuum(context, { table: ['paused'], full: true, lock_timeout: 0.1, wait: 1.5 });
  const at: number[] = [];
  const { end } = await carryOut(plan, context, {
    onEvent: (event) => {
      if (event.type === 'line' && event.text.includes('retry in')) at.push(performance.now());
    },
  });
  await holder.sql('ROLLBACK');
  expect(end.text).toMatch(/could not be had in \d+ attempts within 1.5s/);
  const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
  // the attempt itself, and a pause of at least half as long; the last one may be cut by the end of the patience
  for (const gap of gaps.slice(0, -1)) expect(gap).toBeGreaterThan(140);
  expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(1);
});

test('cancelled while it rewrites, the table is as it was', async () => {
  const app = await client(db.target(), 'app');
  await app.sql(`CREATE FUNCTION turnstile(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_lock_shared(77); PERFORM pg_advisory_unlock_shared(77); RETURN i; END'`);
  await app.sql('CREATE TABLE halfway (id int)');
  await app.sql('CREATE INDEX ON halfway (public.turnstile(id))');
  await app.sql('INSERT INTO halfway SELECT generate_series(1, 100)');
  const [before] = await app.sql("SELECT pg_relation_filenode('halfway') AS n");
  await app.sql('SELECT pg_advisory_lock(77)');
  const context = contextFor(db.target(), home);
  const plan = await planVacuum(context, { table: ['halfway'], full: true });
  const abort = new AbortController();
  const seen: string[] = [];
  const running = carryOut(plan, context, {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type === 'progress') seen.push(`${event.label}: ${event.phase}`);
    },
  });
  await until(() => seen.includes('public.halfway: rebuilding index (phase 4 of 5)'), {
    what: 'progress of the rewrite',
  });
  abort.abort();
  const { end, events, run } = await running;
  await app.sql('SELECT pg_advisory_unlock(77)');
  expect(end).toMatchObject({ status: 'cancelled' });
  expect(run?.status).toBe('cancelled');
  expect(compared(events)['public.halfway']).toMatchObject({ outcome: 'cancelled', took: '-' });
  expect((await app.sql("SELECT pg_relation_filenode('halfway') AS n"))[0]).toEqual(before);
  const locks = `SELECT 1 FROM pg_locks WHERE relation = 'halfway'::regclass
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  expect(await app.sql(locks)).toEqual([]);
});
