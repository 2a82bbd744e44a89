import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHECKS } from '../../src/health/registry.ts';
import { app, publish } from '../db/queries/session.ts';
import { Receiver } from '../notify/receiver.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';

let db: TestDatabase;
const home = temporaryDirectory();
const settings = join(home, 'settings.json');
const SECRET = 'T0kenOfTheHook';

beforeAll(async () => {
  db = await testDatabase();
  await publish(db, 'CREATE TABLE orders (id int)');
  const { host, port, user, database } = db.target();
  const shop = { host, port, user, database, sslmode: 'disable' };
  // the server is shared with other tests: what they do to it counts no more here
  const waivers = CHECKS.filter(({ id }) => id !== 'lock_wait').map(({ id }) => ({
    ...{ id, until: '2999-12-31', reason: 'not of this test' },
  }));
  // waits of a moment, so that nobody has to wait for them
  const thresholds = { lock_wait_seconds: { normal: 0.1, alert: 0.2, critical: 600 } };
  writeFileSync(settings, JSON.stringify({ profiles: { shop: { ...shop, thresholds, waivers } } }));
});
afterAll(() => db.drop());

const environment = (more: Record<string, string> = {}) =>
  cleanEnvironment(home, { PGDECK_CONFIG: settings, ...more });
const watch = (args: readonly string[], env?: Record<string, string>) =>
  pgdeck(['--profile', 'shop', 'watch', ...args], environment(env));

/** A watch that runs, with what it says. */
function begin(args: readonly string[], env: Record<string, string>) {
  const child: ChildProcess = spawn(
    process.execPath,
    [MAIN, '--profile', 'shop', '--interval', '0.5', 'watch', ...args],
    { env: environment(env) },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      said += chunk;
    });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    said: () => said,
    says: (what: RegExp) => until(() => what.exec(said), { what: `${what} in ${said}`, timeout: 15_000 }),
    stop: async () => {
      const began = performance.now();
      child.kill('SIGTERM');
      const code = await ended;
      return { code, ms: performance.now() - began };
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const bodies = (hook: Receiver) => hook.requests.map(({ body }) => JSON.parse(body));

/** A session that waits for the lock of another one, until it is let go. */
async function wait(): Promise<() => Promise<void>> {
  const [holder, waiter] = await Promise.all([app(db), app(db)]);
  await holder.sql('BEGIN');
  await holder.sql('LOCK orders');
  await waiter.sql('BEGIN');
  const waiting = waiter.sql('LOCK orders');
  return async () => {
    await holder.sql('ROLLBACK');
    await waiting;
    await Promise.all([holder.close(), waiter.close()]);
  };
}

test('an alert goes out once, stands on the pages, and outlives the process that raised it', async () => {
  const hook = await new Receiver().up();
  const env = { PGDECK_WEBHOOK_URL: String(hook.url(`/services/${SECRET}`)) };
  const first = begin(['--listen', '127.0.0.1:0'], env);
  let end: (() => Promise<void>) | undefined;
  try {
    const [, address] = (await first.says(/listening on (\S+)/)) ?? [];
    end = await wait();
    await until(() => hook.requests.length > 0, { what: 'the notification', timeout: 10_000 });
    expect(bodies(hook)[0]).toMatchObject({
      ...{ check: 'lock_wait', state: 'raised', severity: 'alert', threshold: 0.2 },
      text: expect.stringMatching(/^ALERT on \S+: .*wait/),
    });
    const health = await fetch(`http://${address}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      ...{ formatVersion: 1, stale: false },
      alerts: [{ key: 'lock_wait:orders', severity: 'alert' }],
      notifications: [{ pending: 0, sent: 1, given_up: 0 }],
    });
    const metrics = await (await fetch(`http://${address}/metrics`)).text();
    expect(metrics).toMatch(/^pg_up(\{.*\})? 1$/m);
    expect(metrics).toMatch(/^pgdeck_alerts\{.*lock_wait.*\} 1$/m);
    // sampled for this page alone: no check reads it
    await until(
      async () =>
        (await (await fetch(`http://${address}/metrics`)).text()).includes('pgdeck_wal_directory_bytes'),
      { what: 'what no check reads', timeout: 10_000 },
    );
    expect(metrics + first.said()).not.toContain(SECRET);

    const second = await watch([]);
    expect(second).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^pgdeck: Process \d+ on \S+ has watched this server since/),
    });

    const { code, ms } = await first.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(1500);
    // what stands is in the log again, and told to who is new; who was told hears nothing
    const file = join(home, 'told.json');
    const next = begin(['--command', `tee ${file}`], env);
    await next.says(/ stands alert lock_wait:orders: /);
    await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'), { what: 'a file' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ check: 'lock_wait', state: 'raised' });
    await next.stop();
    expect(bodies(hook)).toHaveLength(1);
  } finally {
    await first.kill();
    await end?.();
    await hook.down();
  }
});

test('--test sends one of each and says what became of it', async () => {
  const hook = await new Receiver().up();
  try {
    const gone = 'http://127.0.0.1:9/hook';
    const ok = await watch(['--test', '--command', 'true'], {
      PGDECK_WEBHOOK_URL: String(hook.url(`/${SECRET}`)),
    });
    expect(ok).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^sent to http:\S+…\nsent to .*true/),
    });
    expect(bodies(hook)).toMatchObject([{ check: 'test', state: 'raised' }]);
    expect(ok.stdout + ok.stderr).not.toContain(SECRET);
    const bad = await watch(['--test', '--command', 'false'], { PGDECK_PING_URL: gone });
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/NOT sent to .*false.*\nNOT sent to http:\/\/127\.0\.0\.1/);
    expect(await watch(['--test'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Nobody is told'),
    });
  } finally {
    await hook.down();
  }
});

test('--print-unit has the words that watch this server, and no secret', async () => {
  const unit = await watch([
    '--print-unit',
    '--listen',
    '9187',
    '--mail',
    'dba@example.com',
    '--command',
    'wall -n "50 %"',
  ]);
  expect(unit.code).toBe(0);
  expect(unit.stdout).toMatch(
    /^ExecStart=.* --profile shop watch --listen 9187 --mail dba@example.com --command "wall -n \\"50 %%\\""$/m,
  );
  // it starts without what this shell has, and would be refused again and again
  const carried = await watch(['--print-unit'], { PGPASSFILE: '/srv/my pass', PGPASSWORD: SECRET });
  expect(carried.stdout).toMatch(/^Environment="PGPASSFILE=\/srv\/my pass"$/m);
  expect(carried.stdout + carried.stderr).not.toContain(SECRET);
  for (const wrong of [
    ['--listen', 'nix'],
    ['--mail', 'nobody'],
    ['--command', ' '],
  ])
    expect(await watch(['--print-unit', ...wrong])).toMatchObject({ code: 2, stdout: '' });
  const refused = await watch(['--print-unit', '--webhook', `https://hooks.example/${SECRET}`]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('PGDECK_WEBHOOK_URL') });
  expect(refused.stderr).not.toContain(SECRET);
});
