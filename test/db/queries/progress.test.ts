import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Session } from '../../../src/db/client.ts';
import {
  type ProgressRow,
  progressAnalyze,
  progressBasebackup,
  progressCluster,
  progressCopy,
  progressCreateIndex,
  progressGate,
  progressVacuum,
} from '../../../src/db/queries/progress.ts';
import type { Query } from '../../../src/db/query.ts';
import { type TestDatabase, testDatabase, testServer, until } from '../../support/cluster.ts';
import { app, begin, monitor, publish } from './session.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    // whoever computes it for 1500 or more waits while somebody holds the lock: stops a command amid its rows
    `CREATE FUNCTION turnstile(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
      'BEGIN IF i >= 1500 THEN PERFORM pg_advisory_lock_shared(1); PERFORM pg_advisory_unlock_shared(1); END IF; RETURN i; END'`,
    `CREATE FUNCTION turnstile() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM turnstile(1500); RETURN NEW; END'`,
    'CREATE TABLE worked (id int, body text) WITH (autovacuum_enabled = off)',
    "INSERT INTO worked SELECT i, repeat('x', 200) FROM generate_series(1, 3000) i",
  );
});
afterAll(() => db.drop());

/** Holds everybody at the turnstile until the test ends. */
async function closeTurnstile(): Promise<void> {
  await (await app(db)).sql('SELECT pg_advisory_lock(1)');
}

/** At the turnstile, with counters from after its arrival there: they are read a moment before the wait is. */
function stopped(): (row: ProgressRow) => boolean {
  let before = false;
  return (row) => {
    const now = before;
    before = row.wait_event === 'advisory';
    return now && before;
  };
}

/** What a running statement of `worker` tells, once it has `reached` what is asked for; fails when it ends before. */
function progressOf(
  session: Session,
  query: Query<void, ProgressRow>,
  worker: Session,
  running: Promise<unknown>,
  reached: (row: ProgressRow) => boolean,
): Promise<ProgressRow> {
  const row = until(
    async () => (await session.run(query, undefined)).find((row) => row.pid === worker.pid && reached(row)),
    { what: `progress in ${query.id}`, timeout: 10_000 },
  );
  const early = running.then((cause) => {
    throw new Error('The statement ended before its progress was seen.', { cause });
  });
  return Promise.race([row, early]);
}

test('CREATE INDEX counts blocks while it reads the table', async () => {
  await closeTurnstile();
  const [session, worker] = [await monitor(db), await app(db)];
  const running = begin(worker, 'CREATE INDEX held_up ON worked (turnstile(id))');
  const row = await progressOf(session, progressCreateIndex, worker, running, stopped());
  expect(row).toMatchObject({
    datname: db.database,
    command: 'CREATE INDEX',
    relation: 'public.worked',
    phase: 'building index: scanning table',
    unit: 'blocks',
    detail: null,
  });
  const [real] = await session.sql("SELECT pg_relation_size('public.worked')::float8 / 8192 AS blocks");
  expect(row.total).toBe(real?.blocks);
  expect(row.phase_percent).toBeGreaterThan(40);
  expect(row.phase_percent).toBeLessThan(60);
  expect(row.run_seconds).toBeGreaterThan(0);
  const [gate] = await session.run(progressGate, undefined);
  expect(gate?.create_index).toBeGreaterThanOrEqual(1);
  expect(gate?.copy === null).toBe(session.server.major < 14);
});

test('CREATE INDEX CONCURRENTLY tells whom it waits for', async () => {
  const [session, worker, writer] = [await monitor(db), await app(db), await app(db)];
  await writer.sql('CREATE TABLE written (id int)');
  await writer.sql('BEGIN');
  await writer.sql('INSERT INTO written VALUES (1)');
  const running = begin(worker, 'CREATE INDEX CONCURRENTLY patient ON written (id)');
  // the index may be younger than the snapshot that its name is looked up in
  const named = (r: ProgressRow) => r.detail !== null && r.index_relation?.startsWith('public') === true;
  const row = await progressOf(session, progressCreateIndex, worker, running, named);
  expect(row).toMatchObject({
    command: 'CREATE INDEX CONCURRENTLY',
    relation: 'public.written',
    index_relation: 'public.patient',
    phase: 'waiting for writers before build',
    done: 0,
    total: 1,
    unit: 'lockers',
    phase_percent: 0,
    wait_event_type: 'Lock',
    detail: `waits for pid ${writer.pid}`,
  });
  await writer.sql('COMMIT');
  expect(await running).toBeUndefined();
  expect((await session.run(progressCreateIndex, undefined)).some((r) => r.pid === worker.pid)).toBe(false);
});

test('VACUUM and ANALYZE count blocks', async () => {
  const [session, vacuum, analyze] = [await monitor(db), await app(db), await app(db)];
  const [real] = await session.sql("SELECT pg_relation_size('public.worked')::float8 / 8192 AS blocks");
  for (const worker of [vacuum, analyze])
    await worker.sql(
      "SELECT set_config('vacuum_cost_delay', '100', false), set_config('vacuum_cost_limit', '1', false)",
    );
  const vacuuming = begin(vacuum, 'VACUUM worked');
  const row = await progressOf(session, progressVacuum, vacuum, vacuuming, (r) => r.unit === 'blocks');
  expect(row).toMatchObject({
    command: 'VACUUM',
    relation: 'public.worked',
    phase: 'scanning heap',
    total: real?.blocks,
    unit: 'blocks',
    index_relation: null,
    detail: expect.stringMatching(/^dead tuple memory \d+ %/),
  });
  expect(row.phase_percent).toBeCloseTo((100 * (row.done ?? 0)) / (row.total ?? 1), 9);
  await vacuum.close();

  await until(
    async () => {
      const [left] = await session.sql(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_progress_vacuum WHERE pid = $1',
        [vacuum.pid],
      );
      return left === undefined;
    },
    { what: 'the end of VACUUM, which locks out ANALYZE' },
  );
  const analyzing = begin(analyze, 'ANALYZE worked');
  // from 17 on the delay comes once for many blocks, so that `done` may stay 0 until all of them are
  const sample = await progressOf(session, progressAnalyze, analyze, analyzing, (r) => r.unit === 'blocks');
  expect(sample).toMatchObject({
    command: 'ANALYZE',
    relation: 'public.worked',
    phase: 'acquiring sample rows',
    total: real?.blocks,
    unit: 'blocks',
  });
  expect(sample.done).toBeGreaterThanOrEqual(0);
});

test('VACUUM FULL counts the indexes that it rebuilds', async () => {
  const [session, worker] = [await monitor(db), await app(db)];
  await worker.sql('CREATE TABLE rebuilt AS SELECT generate_series(1401, 1500) AS id');
  await worker.sql('CREATE INDEX ON rebuilt (id)');
  await worker.sql('CREATE INDEX ON rebuilt (turnstile(id))');
  await closeTurnstile();
  const running = begin(worker, 'VACUUM FULL rebuilt');
  const row = await progressOf(session, progressCluster, worker, running, stopped());
  expect(row).toMatchObject({
    command: 'VACUUM FULL',
    phase: 'rebuilding index',
    relation: 'public.rebuilt',
    done: 1,
    total: 2,
    unit: 'indexes',
    phase_percent: 50,
    detail: '100 tuples read',
  });
  const elsewhere = await monitor({ ...db, target: () => ({ ...db.target(), database: 'postgres' }) });
  const seen = await progressOf(elsewhere, progressCluster, worker, running, () => true);
  expect(seen.relation).toMatch(/^\d+$/);
  expect(seen).toMatchObject({ datname: db.database, total: null, phase_percent: null });
});

test('COPY counts the bytes of its file', async () => {
  const [session, worker] = [await monitor(db), await app(db)];
  if (session.server.major < 14) {
    expect(progressCopy.unavailable?.(session.server)?.reason).toContain('14');
    return;
  }
  const file = `${testServer().dataDir}/copied_${db.database}`;
  await worker.sql(`COPY (SELECT generate_series(1, 100000)) TO '${file}'`);
  await worker.sql('CREATE TABLE copied (id int)');
  await worker.sql('CREATE TRIGGER held BEFORE INSERT ON copied FOR EACH ROW EXECUTE FUNCTION turnstile()');
  await closeTurnstile();
  const running = begin(worker, `COPY copied FROM '${file}'`);
  const row = await progressOf(session, progressCopy, worker, running, stopped());
  expect(row).toMatchObject({
    command: 'COPY FROM',
    relation: 'public.copied',
    phase: 'file',
    total: 588_895,
    unit: 'bytes',
    detail: '0 tuples',
  });
  expect(row.done).toBeGreaterThan(0);
  expect(row.phase_percent).toBeLessThan(100);
});

test('a base backup counts the bytes that it sent', async () => {
  const session = await monitor(db);
  const { host, port, user } = db.target();
  const receiver = new pg.Client({ host, port, user, ...{ replication: 'true' } });
  const closed = new Promise<void>((resolve) => {
    receiver.on('end', () => resolve());
  });
  receiver.on('error', () => {});
  await receiver.connect();
  // the server may have other receivers
  const pid = Number((receiver as unknown as { processID: number }).processID);
  onTestFinished(async () => {
    // a backup of that rate would take hours, and its backend does not notice that we are gone
    await session.sql('SELECT pg_terminate_backend($1)', [pid]);
    await closed;
  });
  const options =
    session.server.major < 15
      ? 'PROGRESS FAST MAX_RATE 1024'
      : "(PROGRESS, CHECKPOINT 'fast', MAX_RATE 1024)";
  receiver.query(`BASE_BACKUP ${options}`).catch(() => {});
  const row = await until(
    async () =>
      (await session.run(progressBasebackup, undefined)).find((r) => r.pid === pid && (r.done ?? 0) > 0),
    { what: 'bytes sent' },
  );
  expect(row).toMatchObject({
    datname: null,
    command: 'BASE BACKUP',
    relation: null,
    phase: 'streaming database files',
    unit: 'bytes',
    detail: 'tablespace 0 of 1',
  });
  expect(row.total).toBeGreaterThan(1_000_000);
  expect(row.run_seconds).toBeGreaterThan(0);
});

test('a role without rights sees that something runs, not what', async () => {
  await closeTurnstile();
  const [session, worker] = [await monitor(db, await db.roleWith()), await app(db)];
  await worker.sql('CREATE TABLE unseen AS SELECT 1500 AS id');
  const running = begin(worker, 'CREATE INDEX ON unseen (turnstile(id))');
  const row = await progressOf(session, progressCreateIndex, worker, running, () => true);
  expect(row).toMatchObject({
    command: null,
    relation: null,
    phase: null,
    phase_percent: null,
    detail: null,
  });
  expect((await session.run(progressGate, undefined))[0]?.create_index).toBeGreaterThanOrEqual(1);
});
