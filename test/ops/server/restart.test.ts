import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { withFlag } from '../../../src/ops/engine/plan.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut } from '../engine/run/stage.ts';
import { complaints } from '../maintain/stage.ts';
import { asked, pgCtl, planned, removed, restartable, restartContext } from './stage.ts';

const home = temporaryDirectory();
const open: Session[] = [];
let cluster: Cluster;
beforeAll(async () => {
  cluster = await restartable({ max_prepared_transactions: '2' });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((session) => session.close()));
});
afterAll(() => removed(cluster));

const STARTED = 'SELECT pg_postmaster_start_time()::text';

async function someone(name: string, ...sql: string[]): Promise<Session> {
  const session = await connect(cluster.target(), 'workload', name);
  open.push(session);
  for (const statement of sql) await session.sql(statement);
  return session;
}

test('by pg_ctl: who is interrupted is shown, and what waited is in force afterwards', async () => {
  await someone('shop', 'BEGIN', 'SELECT 1');
  await someone('other', "ALTER SYSTEM SET max_connections = '77'", 'SELECT pg_reload_conf()');
  await expect.poll(() => asked(cluster, 'SELECT count(*) FROM pg_settings WHERE pending_restart')).toBe('1');
  await someone('2pc', 'BEGIN', 'CREATE TABLE kept ()', "PREPARE TRANSACTION 'kept'");
  const before = await asked(cluster, STARTED);
  const identifier = await asked(cluster, 'SELECT system_identifier FROM pg_control_system()');
  const context = restartContext(cluster, home);
  const plan = await planned(context);
  expect(plan.danger).toBe('confirm');
  expect(plan.tables).toMatchObject([
    { rows: expect.arrayContaining([expect.arrayContaining(['postgres', 'shop', '127.0.0.1'])]) },
    { rows: [['max_connections', '100', '77']] },
  ]);
  expect(plan.facts).toContainEqual({ label: 'Waits for it', value: 'max_connections' });
  expect(complaints(plan)).toEqual([
    expect.stringMatching(/^warn Transactions: 1 open transaction:/),
    expect.stringMatching(/^warn Prepared transactions: 1 prepared transaction outlive/),
  ]);
  expect(plan.steps.map(({ id }) => id)).toEqual(['checkpoint', 'restart', 'wait', 'verify']);
  expect(plan.steps[1]?.preview).toBe(
    `${join(cluster.bin, 'pg_ctl')} restart -D ${cluster.dataDir} -m fast -w -t 60 -l ${cluster.logFile}`,
  );
  const { end, run, events } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true, state: expect.stringContaining('accepts connections') });
  expect(await asked(cluster, STARTED)).not.toBe(before);
  expect(await asked(cluster, 'SHOW max_connections')).toBe('77');
  expect(await asked(cluster, 'SELECT count(*) FROM pg_prepared_xacts')).toBe('1');
  const table = events.find((event) => event.type === 'result');
  expect(table).toMatchObject({
    table: {
      rows: [
        expect.anything(),
        ['system identifier', identifier, identifier],
        ['max_connections', 'waited for it', 'in force'],
      ],
    },
  });
  expect(run?.facts).toMatchObject({ restart: { way: { kind: 'pg_ctl' }, waiting: ['max_connections'] } });
  await someone('end', "ROLLBACK PREPARED 'kept'");
});

test("by the profile's command, with the application stopped and started around it", async () => {
  const told = join(home, 'told');
  const say = (what: string) => `echo ${what} >> ${told}`;
  const context = restartContext(cluster, home, {
    restart: `${say('restart')}; ${await pgCtl(cluster, 'restart', '-m', 'fast')}`,
    backup: { before_restore: say('stopped'), after_restore: say('started') },
    environment: 'production',
    profileName: 'shop',
  });
  const plan = await planned(context);
  expect(plan).toMatchObject({ danger: 'type-name', subject: 'shop' });
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'before',
    'checkpoint',
    'restart',
    'wait',
    'verify',
    'after',
  ]);
  const { end } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(readFileSync(told, 'utf8')).toBe('stopped\nrestart\nstarted\n');
});

test('the application is asked once, after the command that starts it', async () => {
  const context = restartContext(cluster, home, {
    restart: 'true',
    backup: { after_restore: 'true' },
    app: { parts: [], check: { url: 'http://127.0.0.1:9/' } },
  });
  const { steps } = await planned(context);
  expect(steps.map(({ id }) => id).slice(-2)).toEqual(['after', 'app-check']);
});

test('a backup at work blocks it, unless it is said that it may go', async () => {
  const dump = await someone('pg_dump', 'BEGIN', 'SELECT 1');
  const context = restartContext(cluster, home);
  const plan = await planned(context);
  const [block] = plan.checks.filter(({ status }) => status === 'block');
  expect(withFlag(block as NonNullable<typeof block>)).toMatch(
    /^pg_dump: a restart ends it, .* To accept it: --interrupt work$/,
  );
  expect(complaints(await planned(context, { interrupt: ['work'] }))).toContainEqual(
    expect.stringMatching(/^warn At work: pg_dump/),
  );
  await dump.close();
});

test('one that has begun since it was planned is not ended', async () => {
  const before = await asked(cluster, STARTED);
  const context = restartContext(cluster, home);
  const plan = await planned(context);
  await someone('pg_restore', 'SELECT 1');
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'failed', text: expect.stringContaining('pg_restore has begun') });
  expect(end.state).toMatch(/was not restarted/);
  expect(await asked(cluster, STARTED)).toBe(before);
});

test('a command that restarts nothing is found out', async () => {
  const context = restartContext(cluster, home, { restart: 'true' });
  const { end } = await carryOut(await planned(context, { timeout: 1 }), context);
  expect(end).toMatchObject({
    status: 'failed',
    text: expect.stringContaining('is the one from before: true has not restarted it'),
  });
});

test('a command that fails is told with what it said, and the application is started again', async () => {
  const file = join(home, 'after');
  const context = restartContext(cluster, home, { restart: 'echo no such unit >&2; exit 5' });
  const plan = await planned(context, { timeout: 1, before: 'true', after: `touch ${file}` });
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ status: 'failed', text: expect.stringContaining('exit code 5: no such unit') });
  expect(existsSync(file)).toBe(true);
});

test('a server that does not come back: its last words, and the way back', async () => {
  const context = restartContext(cluster, home, {
    restart: `${await pgCtl(cluster, 'stop', '-m', 'fast')} && echo "nonsense = = 1" >> ${cluster.dataDir}/postgresql.auto.conf; ${await pgCtl(cluster, 'start')}`,
  });
  const auto = readFileSync(join(cluster.dataDir, 'postgresql.auto.conf'));
  const { end } = await carryOut(await planned(context, { timeout: 1 }), context);
  expect(end).toMatchObject({ status: 'failed', state: expect.stringContaining('may be down') });
  expect(end.text).toMatch(
    /does not accept connections[\s\S]*Its last words:[\s\S]*syntax error[\s\S]*start it with: cd /,
  );
  writeFileSync(join(cluster.dataDir, 'postgresql.auto.conf'), auto);
  await cluster.start();
});

test('files that the server cannot read keep it from being restarted', async () => {
  const file = join(cluster.dataDir, 'pgdeck.conf');
  const before = readFileSync(file);
  writeFileSync(file, `${before}work_mem = 'much'\n`);
  expect(complaints(await planned(restartContext(cluster, home)))).toContainEqual(
    expect.stringMatching(/^block Settings: .*work_mem at .*pgdeck\.conf:\d+/),
  );
  writeFileSync(file, before);
});

test('a file of messages that its user may not open again: pg_ctl is not tried', async () => {
  const mine = await throwawayCluster();
  try {
    const blocks = complaints(await planned(restartContext(mine, home)));
    if (process.getuid?.() === 0)
      expect(blocks).toContainEqual(expect.stringMatching(/^block Restart: Its messages go to .* "restart"/));
    else expect(blocks).toEqual([]);
  } finally {
    await mine.remove();
  }
});
