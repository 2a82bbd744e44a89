import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openedWizard } from '../../src/app/core/state.ts';
import { connect, type Session } from '../../src/db/client.ts';
import { type Demo, startDemo } from '../../src/demo/demo.ts';
import { startWorkload } from '../../src/demo/workload.ts';
import { run } from '../../src/hosts/local.ts';
import { Stage } from '../app/stage.ts';
import { until } from '../support/until.ts';

let demo: Demo;
let session: Session;
let opened: number;
const steps: string[] = [];

beforeAll(async () => {
  demo = await startDemo({ scale: 0.1, bin: inject('postgres').bin, onStep: (text) => steps.push(text) });
  opened = performance.now();
  session = await connect(demo.target, 'workload');
});
afterAll(() => demo.stop());

/** Length of the longest chain of sessions that wait for each other, and who begins it. */
async function queue(): Promise<{ depth: number; head: number }> {
  const [row] = await session.sql(`
    WITH RECURSIVE chain(pid, head, depth) AS (
      SELECT a.pid, b, 2 FROM pg_stat_activity a, unnest(pg_blocking_pids(a.pid)) b
      WHERE cardinality(pg_blocking_pids(b)) = 0 AND b IN (SELECT pid FROM pg_stat_activity WHERE xact_start IS NOT NULL
        AND state = 'idle in transaction' AND query LIKE 'UPDATE payments%')
      UNION
      SELECT a.pid, c.head, c.depth + 1 FROM chain c, pg_stat_activity a WHERE c.pid = ANY (pg_blocking_pids(a.pid)))
    SELECT coalesce(max(depth), 0)::int AS depth, coalesce(max(head), 0) AS head FROM chain`);
  return { depth: Number(row?.depth), head: Number(row?.head) };
}

async function backends(): Promise<number> {
  const [row] = await session.sql(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
  return Number(row?.n);
}

test('a lock queue builds at once: a forgotten transaction, a migration behind it, the shop behind that', async () => {
  await until(async () => (await queue()).depth >= 4, { what: 'four sessions in a row', timeout: 10_000 });
  expect(performance.now() - opened).toBeLessThan(4_000);
  const rows = await session.sql(
    "SELECT DISTINCT application_name || ':' || usename AS who FROM pg_stat_activity WHERE wait_event_type = 'Lock' ORDER BY 1",
  );
  expect(rows.map((row) => row.who)).toEqual(
    expect.arrayContaining([
      'billing-worker:billing',
      'migrate:dba',
      'shop-api:shop_app',
      'shop-web:shop_app',
    ]),
  );
});

test('a snapshot is held by an idle transaction, and a report runs', async () => {
  const seen = async (where: string) =>
    (await session.sql(`SELECT 1 FROM pg_stat_activity WHERE ${where}`)).length > 0;
  await until(
    () => seen("state = 'idle in transaction' AND backend_xmin IS NOT NULL AND usename = 'analyst'"),
    {
      what: 'an idle transaction with a snapshot',
    },
  );
  await until(() => seen("application_name = 'reporting' AND state = 'active'"), { what: 'a report' });
});

test('statements are collected, without those that loaded the shop; rows die', async () => {
  const texts = async () =>
    (await session.sql('SELECT query FROM pg_stat_statements')).map((row) => String(row.query));
  await until(async () => (await texts()).some((text) => text.includes('库存流水')), {
    what: 'a statement in Chinese',
  });
  expect((await texts()).some((text) => text.includes('INSERT INTO customers'))).toBe(false);
  await until(
    async () =>
      (
        await session.sql(
          'SELECT 1 FROM pg_stat_user_tables WHERE n_dead_tup > 10 AND relname = $$sessions$$',
        )
      ).length > 0,
    { what: 'dead rows' },
  );
});

test('the shop has what every old database has', async () => {
  const one = async (sql: string) => Object.values((await session.sql(sql))[0] ?? {})[0];
  expect(await one('SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid')).toBe(
    'customers_phone_key',
  );
  expect(await one("SELECT count(*)::int FROM pg_inherits WHERE inhparent = 'orders'::regclass")).toBe(13);
  expect(await one(`SELECT count(*)::int FROM "库存流水"`)).toBe(1_500);
  expect(await one('SELECT n_dead_tup > 500 FROM pg_stat_user_tables WHERE relname = $$audit_log$$')).toBe(
    true,
  );
});

test('a new user finds in Health what is wrong, and ends who holds the horizon', async () => {
  const stage = await new Stage(demo.target, {
    // what takes a minute in the demo itself
    thresholds: { long_query_seconds: { normal: 2 }, idle_in_transaction_seconds: { normal: 2 } },
  }).start();
  const found = (id: string) => stage.deck.model.health?.findings.find((one) => one.id === id);
  const holder = () => found('xmin_horizon:analyst@shop');
  try {
    // of those that began at the same moment, the one that is idle is to be blamed
    await session.sql(
      "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'reporting'",
    );
    stage.keys('9');
    await stage.seconds(
      () => stage.deck.model.health?.asked && holder()?.evidence.includes('idle in transaction'),
      'the holder',
    );
    expect(holder()?.evidence).toMatch(
      /; pid [^;]*analyst (notebook|psql) idle in transaction\)?; most dead rows: .*audit_log/,
    );
    expect(found('vacuum_due:audit_log')).toMatchObject({
      severity: 'alert',
      remedy: { operation: 'vacuum' },
    });
    expect(found('index_duplicate:products_sku_idx')).toMatchObject({ severity: 'warning' });
    expect(found('index_unused:audit_log_detail_idx')).toMatchObject({
      severity: 'info',
      title: expect.stringMatching(/was not scanned so far/),
    });
    const remedy = holder()?.remedy;
    const pids = remedy && 'input' in remedy ? (remedy.input.pid as string[]) : [];
    expect(pids).not.toEqual([]);
    stage.filter('analyst@shop hold back');
    for (const step of ['', '', 'form', 'plan']) {
      if (step !== '') await until(() => openedWizard(stage.deck.state)?.phase.step === step, { what: step });
      stage.keys('enter');
    }
    await until(() => openedWizard(stage.deck.state)?.phase.step === 'confirm', { what: 'the question' });
    stage.keys('y');
    await until(() => openedWizard(stage.deck.state)?.phase.step === 'result', { what: 'the result' });
    stage.keys('enter');
    await stage.seconds(() => !pids.some((pid) => holder()?.evidence.includes(pid)), 'its end');
  } finally {
    await stage.stop();
  }
});

test('ending the session at the head clears the queue, and it comes back with a new one', async () => {
  const { head } = await until(async () => ((await queue()).depth >= 4 ? queue() : undefined), {
    what: 'a queue',
    timeout: 20_000,
  });
  await session.sql('SELECT pg_terminate_backend($1)', [head]);
  await until(async () => (await queue()).head !== head, { what: 'the end of the queue' });
  const next = await until(async () => ((await queue()).depth >= 4 ? queue() : undefined), {
    what: 'a new queue',
    timeout: 10_000,
  });
  expect(next.head).not.toBe(head);
});

test('autovacuum works slowly enough to be seen', async () => {
  const progress = () =>
    session.sql("SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = 'sessions'::regclass");
  await until(async () => (await progress()).length > 0, { what: 'VACUUM in progress', timeout: 60_000 });
}, 70_000);

test('everything that is cancelled or ended is replaced', async () => {
  const before = await backends();
  await session.sql(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`);
  await session.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`);
  await until(async () => (await backends()) < before / 2, { what: 'the end of the sessions' });
  await until(async () => (await backends()) === before, { what: 'their successors', timeout: 10_000 });
});

test('the workload finds the server again after a restart', async () => {
  const before = await backends();
  await session.close();
  await demo.cluster.restart('immediate');
  session = await connect(demo.target, 'workload');
  await until(async () => (await backends()) === before, { what: 'the sessions of before', timeout: 15_000 });
});

test('left alone, nothing fails; stopped, no session stays on the server', async () => {
  const trouble: unknown[] = [];
  const before = await backends();
  await session.sql('SELECT pg_stat_statements_reset()');
  const second = startWorkload(demo.target, { scale: 0.1, onTrouble: (...what) => trouble.push(what) });
  await until(async () => (await backends()) === 2 * before, { what: 'twice the sessions' });
  await until(
    async () =>
      (
        await session.sql(
          "SELECT 1 FROM pg_stat_statements WHERE query LIKE 'INSERT INTO order_items%' AND calls > 20",
        )
      ).length > 0,
    { what: 'orders', timeout: 10_000 },
  );
  await second.stop();
  await until(async () => (await backends()) <= before, { what: 'the end of the second workload' });
  expect(trouble).toEqual([]);
});

test('stop leaves no process and no file', async () => {
  await session.close();
  await Promise.all([demo.stop(), demo.stop()]);
  const directory = dirname(demo.cluster.dataDir);
  expect(existsSync(directory)).toBe(false);
  expect((await run('ps', ['-eo', 'args'])).stdout).not.toContain(directory);
  expect(steps.length).toBeGreaterThan(3);
});
