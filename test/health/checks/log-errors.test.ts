import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { logErrors } from '../../../src/health/checks/log-errors.ts';
import { logSlow } from '../../../src/health/checks/log-slow.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { local } from '../../../src/hosts/local.ts';
import type { LogFact } from '../../../src/log/fact.ts';
import { LogHour } from '../../../src/log/hour.ts';
import { clientOf, logging } from '../../log/stage.ts';
import { until } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../support/program.ts';
import { lookAt } from '../stage.ts';

// a server of its own: it is filled up, and one of its processes is killed
let cluster: Cluster;
let session: Session;
beforeAll(async () => {
  cluster = await logging({
    log_destination: 'stderr',
    log_line_prefix: '%m [%p] %q%u@%d ',
    log_min_duration_statement: '10',
    max_connections: '6',
  });
  session = await clientOf(cluster);
});
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

const hour = new LogHour(local, 50);

async function factOf(condition: (fact: LogFact) => boolean): Promise<LogFact> {
  let fact: LogFact | undefined;
  await until(
    async () => {
      const told = await hour.read(session);
      if ('unknown' in told) throw new Error(told.unknown);
      fact = told.known;
      return condition(fact);
    },
    { what: 'the log is counted' },
  );
  return fact as LogFact;
}

const look = (log: LogFact, normal = 100) =>
  lookAt(cluster.target(), {
    checks: [logErrors],
    outside: { log: { known: log } },
    thresholds: { log_errors_per_hour: { normal } },
  });

const failing = (text: string) => session.sql(text).catch(() => {});

test('a server without errors is good; one whose log is closed is unknown, with what would change that', async () => {
  expect((await look(await factOf(() => true))).findings).toEqual([]);
  const blind = await lookAt(cluster.target(), {
    checks: [logErrors],
    outside: { log: { unknown: 'It is closed.', remedy: 'GRANT it' } },
  });
  expect([blind.findings, blind.unknown]).toMatchObject([
    [],
    [{ reason: 'It is closed.', remedy: 'GRANT it' }],
  ]);
});

test('errors are counted by what they are; what was cancelled is none; each is counted once', async () => {
  for (let n = 0; n < 3; n++) await failing(`SELECT ${n}/0`);
  await failing('SELECT * FROM nothing');
  await failing(`ALTER ROLE postgres PASSWORD 'hunter2' VALID UNTIL 'never ever'`);
  await session.sql(`SET statement_timeout = '60ms'`);
  await failing('SELECT pg_sleep(10)');
  await session.sql('RESET statement_timeout');
  await session.sql('SELECT pg_sleep(0.06)');
  const other = await clientOf(cluster);
  const cancelled = other.sql('SELECT pg_sleep(10)').catch(() => {});
  const cancel = `SELECT pg_cancel_backend(pid) AS sent FROM pg_stat_activity WHERE pid = ${other.pid} AND query LIKE '%sleep%'`;
  await until(async () => (await session.sql(cancel))[0]?.sent, { what: 'it is cancelled' });
  await cancelled;
  await other.close();
  const fact = await factOf(({ ended }) => ended >= 1);
  // the prefix has no %e: what 57014 was is told by the text
  expect(fact).toMatchObject({ errors: 6, timeouts: 1, ended: 1, slow: { aboveMs: 50 }, unknown: 0 });
  expect(fact.slow?.count).toBeGreaterThanOrEqual(1);
  expect(fact.top[0]).toMatchObject({ message: 'division by zero', count: 3, severity: 'error' });
  expect(JSON.stringify(fact)).not.toContain('hunter2');
  expect(await factOf(() => true)).toMatchObject({ errors: 6 });
  expect(await new LogHour(local, 50).read(session, { last: true })).toMatchObject({ known: { errors: 6 } });
  const { findings } = await look(fact, 5);
  expect(findings).toMatchObject([
    { id: 'log_errors', category: 'errors', severity: 'warning', threshold: 5, unit: '/h' },
  ]);
  expect(findings[0]?.evidence).toMatch(
    /stderr in .*; timeouts: 1; not counted: 1 .* division by zero \(3\)/,
  );
});

test('slow statements of the log are found from slow_query_ms on, and unknown where it is closed', async () => {
  const settings = join(temporaryDirectory(), 'settings.json');
  const thresholds = { slow_query_ms: 50, slow_statements_per_hour: { normal: 0 } };
  writeFileSync(settings, JSON.stringify({ thresholds }));
  const { host, port, user, database } = cluster.target();
  const env = cleanEnvironment(temporaryDirectory(), { PGDECK_CONFIG: settings });
  const words = ['-h', host, '-p', String(port), '-U', user, '-d', database, 'health', '--json'];
  const { stdout } = await pgdeck([...words, '--category', 'statements', '--sample', '0.5'], env);
  expect(JSON.parse(stdout).findings).toMatchObject([
    {
      id: 'log_slow',
      category: 'statements',
      severity: 'warning',
      threshold: 0,
      unit: '/h',
      title: expect.stringMatching(/^\d statements? took 50ms or more in the last 1h00m\.$/),
    },
  ]);
  const log = await new LogHour(local, 60_000).read(session, { last: true });
  const none = await lookAt(cluster.target(), { checks: [logSlow], thresholds, outside: { log } });
  expect(none).toMatchObject({ findings: [], unknown: [] });
  const outside = { log: { unknown: 'It is closed.', remedy: 'GRANT it' } };
  const blind = await lookAt(cluster.target(), { checks: [logSlow], outside });
  expect(blind.unknown).toMatchObject([{ check: 'log_slow', reason: 'It is closed.', remedy: 'GRANT it' }]);
});

test('what is bad however seldom it is', async () => {
  for (const state of ['XX001', '53200', '53100'])
    await failing(`DO $$ BEGIN RAISE EXCEPTION 'of ${state}' USING ERRCODE = '${state}'; END $$`);
  await failing(`DO $$ BEGIN RAISE EXCEPTION 'could not write block 7 of temporary file'; END $$`);
  await failing(
    `DO $$ BEGIN RAISE WARNING 'page verification failed, calculated checksum 1 but expected 2'; END $$`,
  );
  const others: Session[] = [];
  await expect(async () => {
    for (;;) others.push(await connect(cluster.target(), 'workload', 'one of many'));
  }).rejects.toMatchObject({ kind: 'slots' });
  const [victim] = others;
  if (victim === undefined) throw new Error('nobody was let in');
  await until(
    async () =>
      (await session.sql(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE pid = ${victim.pid}`))[0]?.n,
    { what: 'it is there' },
  );
  await Promise.all(others.slice(1).map((one) => one.close()));
  process.kill(victim.pid, 'SIGKILL');
  session = await until(() => clientOf(cluster), { what: 'the server has recovered' });
  const fact = await factOf(({ grave }) => grave.some(({ kind }) => kind === 'crash'));
  const { findings } = await look(fact);
  expect(findings.map(({ id, severity }) => [id, severity])).toEqual([
    ['log_errors:corruption', 'critical'],
    ['log_errors:crash', 'critical'],
    ['log_errors:io_error', 'critical'],
    ['log_errors:too_many_connections', 'alert'],
  ]);
});
