import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { throwawayCluster, until } from '../support/cluster.ts';
import type { Pty, Wanted } from '../support/terminal/pty.ts';
import { connection, openConsole, run } from './console.ts';

let cluster: Cluster;
let pty: Pty;
const SLOTS = 10;
const RESERVED = 3;

beforeAll(async () => {
  cluster = await throwawayCluster({
    max_connections: String(SLOTS),
    shared_preload_libraries: 'pg_stat_statements',
  });
  const admin = await connect(cluster.target(), 'workload');
  await admin.sql(
    'CREATE ROLE app LOGIN; GRANT pg_monitor, pg_signal_backend TO app; CREATE EXTENSION pg_stat_statements',
  );
  await admin.close();
  pty = await openConsole(cluster.target({ user: 'app' }), { shared: true, args: ['--interval', '0.5'] });
});
afterAll(() => cluster.remove());

test('all slots taken: a running console lists and ends sessions; a second one says so in one sentence', async () => {
  const hogs: Session[] = [];
  const fill = async () => {
    for (;;) hogs.push(await connect(cluster.target({ user: 'app' }), 'workload', `hog ${hogs.length}`));
  };
  await expect(fill()).rejects.toMatchObject({ kind: 'slots' });
  expect(hogs).toHaveLength(SLOTS - RESERVED - 3);

  const second = run(connection(cluster.target({ user: 'app' })), { cols: 300, rows: 24 });
  expect(await second.exit).toEqual({ code: 3, signal: 0 });
  expect(second.text()).toMatch(/^pgdeck: app@\S+ has no connection slot left: .*\.$/);

  pty.press('2', 'i');
  await pty.waitFor(' hog 0 ');
  pty.press('/');
  pty.type('hog');
  pty.press('enter');
  await pty.waitFor(`${hogs.length} of `);
  pty.press('K');
  await pty.waitFor('[No]');
  const victim = hogs.find(({ pid }) => pty.text().includes(`Terminate session ${pid} `));
  pty.press('y');
  await pty.waitFor(
    `Session ${victim?.pid} of app@postgres (hog ${hogs.indexOf(victim as Session)}) is gone.`,
  );
  await until(() => victim?.lost, { what: 'the end of the session' });
  expect(hogs.filter((hog) => hog.lost)).toEqual([victim]);
  pty.press('enter');
  await pty.waitFor('filter: hog');
  pty.press('esc');
  await pty.waitFor((screen) => !screen.join().includes('filter:'));
  await Promise.all(hogs.map((hog) => hog.close()));
});

/** Milliseconds from pressing a key until the screen shows its effect. */
async function answer(key: string, shown: Wanted): Promise<number> {
  const pressed = performance.now();
  pty.press(key);
  await pty.waitFor(shown);
  return performance.now() - pressed;
}

/** Every kind of key; the last one leads to where the first one began. */
async function answers(): Promise<number[]> {
  const times: number[] = [];
  for (const [key, shown] of [
    ['3', /^ {2}Locks /m],
    ['4', /^ {2}Table sizes /m],
    ['?', ' Help '],
    ['?', /^ {2}Table sizes /m],
    [':', ' ▶ Overview'],
    ['esc', /^ {2}Table sizes /m],
    ['L', ' Messages'],
    ['esc', /^ {2}Table sizes /m],
    ['6', /^ {2}Statements /m],
    ['/', /^ \/$/m],
    ['esc', (screen: string[]) => screen.at(-2) !== ' /'],
    ['1', '▶ Activity'],
    ['tab', '▶ Cache ratio'],
    ['2', /^ {2}Activity .*\n.* USER /m],
  ] as const)
    times.push(await answer(key, shown));
  return times;
}

const PROMPTLY_MS = 100;

/** A key that waits for the server does so each time, one that the machine delays only once. */
async function expectPrompt(): Promise<void> {
  const first = await answers();
  const second = await answers();
  expect(Math.max(...first.map((ms, i) => Math.min(ms, second[i] ?? ms)))).toBeLessThan(PROMPTLY_MS);
}

/** Does something while the server's own process and the console's backends are suspended. */
async function stalled(work: () => Promise<void>): Promise<void> {
  const lock = await readFile(`${cluster.dataDir}/postmaster.pid`, 'utf8');
  const admin = await connect(cluster.target(), 'workload', 'admin');
  const backends = await admin.sql("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgdeck%'");
  await admin.close();
  const pids = [Number.parseInt(lock, 10), ...backends.map((row) => Number(row.pid))];
  expect(pids.length).toBeGreaterThan(3);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

test('a server that does not answer: keys do, the data says how old it is, q quits at once', async () => {
  const leavers = [await openConsole(cluster.target({ user: 'app' }))];
  const sleeper = await connect(cluster.target(), 'workload', 'sleeper');
  const sleeps = sleeper.sql('SELECT pg_sleep(600)').catch(() => {});
  pty.press('2');
  await pty.waitFor(' sleeper ');
  await stalled(async () => {
    await pty.waitFor(/no answer for \d/);
    await pty.waitFor(/Activity .* \d\.\ds old, the server has not answered/);
    await expectPrompt();
    // one that cannot even connect
    leavers.push(run(connection(cluster.target({ user: 'app' }))));
    await leavers[1]?.waitFor(/ connecting$/m);
    for (const leaver of leavers) {
      const pressed = performance.now();
      leaver.press('q');
      expect(await leaver.exit).toEqual({ code: 0, signal: 0 });
      expect(performance.now() - pressed).toBeLessThan(1_000);
    }
  });
  await pty.waitFor((screen) => !/answer/.test(screen.join()), { what: 'fresh data' });
  await sleeper.close();
  await sleeps;
});

/** The session that is not under the cursor, which has a look of its own. */
const dimmedBeside = () => pty.dimmed(/^▶ .* first /m.test(pty.text()) ? 'second' : 'first');

test('a restart: the last screen stays, greyed and with its age, keys answer, and it recovers by itself', async () => {
  for (const name of ['first', 'second'])
    (await connect(cluster.target(), 'workload', name)).sql('SELECT pg_sleep(600)').catch(() => {});
  pty.press('2');
  await pty.waitFor(' second ');
  pty.press('g', 'i');
  await pty.waitFor('Idle sessions are');
  expect(dimmedBeside()).toBe(false);
  await cluster.stop('fast');
  try {
    await pty.waitFor('NOT CONNECTED');
    const away = await pty.waitFor(/Activity .* as of \d.* ago/);
    expect(away.join('\n')).toMatch(/^ Lost \d.* ago\..* Retry in \d+s \(R now\)/m);
    expect(away.join('\n')).toMatch(/ first [\s\S]* second | second [\s\S]* first /);
    expect(dimmedBeside()).toBe(true);
    await expectPrompt();
  } finally {
    await cluster.start();
  }
  const back = await pty.waitFor((screen) => !/NOT CONNECTED|as of/.test(screen.join()), {
    what: 'fresh data',
  });
  expect(back.join('\n')).not.toMatch(/ first | second /);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});
