import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { throwawayCluster, until } from '../support/cluster.ts';
import type { Pty } from '../support/terminal/pty.ts';
import { connection, expectRestored, live, run } from './console.ts';

// the forest shows the sessions of the whole server: it must have no others
let cluster: Cluster;
let admin: Session;
/** A and B hold t, C waits for both, D waits behind C. */
let a: Session;
let b: Session;
let c: Session;
let d: Session;
let pty: Pty;
let before: string;

beforeAll(async () => {
  cluster = await throwawayCluster();
  const client = (name: string) => connect(cluster.target(), 'workload', name);
  admin = await client('admin');
  await admin.sql('CREATE TABLE t AS SELECT generate_series(1, 5000) AS id');
  await admin.sql('CREATE INDEX t_id ON t (id)');
  await admin.sql('ANALYZE t');
  [a, b, c, d] = await Promise.all([client('A'), client('B'), client('C'), client('D')]);
  for (const holder of [a, b]) {
    await holder.sql('BEGIN');
    await holder.sql('LOCK TABLE t IN ACCESS SHARE MODE');
  }
  c.sql('ALTER TABLE t ADD COLUMN more int').catch(() => {});
  await until(() => waits(c), { what: 'C in the queue' });
  d.sql('SELECT count(*) FROM t').catch(() => {});
  await until(() => waits(d), { what: 'D behind C' });
  pty = run([...connection(cluster.target()), '--interval', '0.5'], { shared: true });
  before = pty.modes();
  await live(pty);
});
afterAll(async () => {
  await Promise.all([a, b, c, d, admin].map((session) => session.close()));
  await cluster.remove();
});

const some = async (sql: string, ...params: unknown[]) => (await admin.sql(sql, params)).length > 0;
const waits = ({ pid }: Session) => some('SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted', pid);
const alive = ({ pid }: Session) => some('SELECT 1 FROM pg_stat_activity WHERE pid = $1', pid);

test('the pile-up as a forest: D below C, C below its holders', async () => {
  pty.press('3');
  await pty.waitFor(/^ {2}Locks /m);
  const screen = await pty.waitFor(
    new RegExp(`^ +└─${c.pid} +C .* ACCESS EXCLUS.*\\n +└─${d.pid} +D .* ACCESS SHARE `, 'm'),
  );
  const forest = screen.flatMap((line) => line.match(/^[▶ ] ([ ┌└─├│]*\d+) /)?.[1] ?? []);
  const roots = [a, b].map(({ pid }) => String(pid));
  expect(forest.slice(0, 2).sort()).toEqual([`┌${forest[0]?.slice(1)}`, `├${forest[1]?.slice(1)}`]);
  expect(
    forest
      .slice(0, 2)
      .map((text) => text.slice(1))
      .sort(),
  ).toEqual(roots.sort());
  expect(forest.slice(2)).toEqual([`└─${c.pid}`, ` └─${d.pid}`]);
  const [first, second] = [a.pid, b.pid].sort((x, y) => x - y);
  // what would help, with no key pressed: both culprits, and the gentler cure
  expect(screen.join('\n')).toMatch(
    new RegExp(`2 wait on t.*B: end ${first}\\+${second} frees 2 · cancel ${c.pid} .*frees 1`),
  );

  pty.press('j', 'j', 'enter');
  await pty.waitFor('Locks: details');
  pty.press('G');
  await pty.waitFor(/WAITS FOR +ACCESS EXCLUSIVE on relation public\.t/);
  await pty.waitFor(new RegExp(`blocked by +(${a.pid}, ${b.pid}|${b.pid}, ${a.pid})$`, 'm'));
  pty.press('esc');
  await pty.waitFor(new RegExp(`^▶ +└─${c.pid} `, 'm'));
});

test('while the ALTER waits no pane grows old, and the monitor stands in no queue', async () => {
  const queued: unknown[] = [];
  let watching = true;
  let looks = 0;
  const watch = async () => {
    for (; watching; looks++)
      queued.push(
        ...(await admin.sql(`SELECT a.application_name, l.mode, a.query FROM pg_locks l
          JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.application_name LIKE 'pgdeck%'`)),
      );
  };
  const watched = watch();
  try {
    await visitEveryScreen();
  } finally {
    watching = false;
    await watched;
  }
  expect(looks).toBeGreaterThan(20);
  expect(queued).toEqual([]);
});

async function visitEveryScreen(): Promise<void> {
  const aged = /\ds old|as of|skipped|no answer|not answered/;
  for (const [key, shown] of [
    ['4', '1 locked: size not asked'],
    ['5', 't_id'],
    ['6', 'Statements'],
    ['7', 'checkpoints'],
    ['2', ' idle in xact '],
    ['1', ' t '],
  ] as const) {
    pty.press(key);
    const screen = await pty.waitFor(shown);
    expect(screen.join('\n')).not.toMatch(aged);
  }
  // an answer is late after two intervals and a second
  pty.press('3');
  const wait = new RegExp(`└─${c.pid} +.*waits (\\d+)(\\.\\d)?s`);
  const seen = Number(wait.exec((await pty.waitFor(wait)).join('\n'))?.[1]);
  const screen = await pty.waitFor((lines) => Number(wait.exec(lines.join('\n'))?.[1] ?? 0) >= seen + 3, {
    what: 'C waiting for three more seconds',
  });
  expect(screen.join('\n')).not.toMatch(aged);
  pty.press('4');
  expect((await pty.waitFor('1 locked: size not asked')).join('\n')).not.toMatch(aged);
}

test('K asks, Enter alone is No; K and y end exactly that session, and that is verified', async () => {
  pty.press('3');
  await pty.waitFor(new RegExp(`^▶ +└─${c.pid} `, 'm'));
  pty.press('K');
  const question = (await pty.waitFor(/\[No\] {3}Yes /)).join('\n');
  expect(question).toContain(`Terminate session ${c.pid} of postgres@postgres (C)?`);
  expect(question).toContain('ALTER TABLE t ADD COLUMN more int');
  expect(question).toContain('That frees 1 session waiting for a lock.');
  pty.press('enter');
  await pty.waitFor(new RegExp(`^▶ +└─${c.pid} `, 'm'));
  expect(await waits(c)).toBe(true);

  pty.press('K');
  await pty.waitFor('[No]');
  pty.press('y');
  await pty.waitFor(`Session ${c.pid} of postgres@postgres (C) is gone.`);
  await pty.waitFor(`${c.pid} ended: 1 released.`);
  expect(await Promise.all([a, b, c, d].map(alive))).toEqual([true, true, false, true]);
  expect(await waits(d)).toBe(false);
  pty.press('enter');
  await pty.waitFor('No session waits for a lock.');
});

test('a session that ends while the question is open is "already gone", and nothing is sent', async () => {
  const stale = await connect(cluster.target(), 'workload', 'leaver');
  await stale.sql('BEGIN');
  pty.press('2');
  pty.press('/');
  pty.type('leaver');
  pty.press('enter');
  await pty.waitFor(new RegExp(`^▶ +${stale.pid} .*\\bleaver `, 'm'));
  pty.press('K');
  await pty.waitFor('[No]');
  await stale.close();
  await until(async () => !(await alive(stale)), { what: 'its end' });
  pty.press('y');
  await pty.waitFor(`Session ${stale.pid} of postgres@postgres (leaver) was already gone; nothing was sent.`);
  expect(await Promise.all([a, b, d].map(alive))).toEqual([true, true, true]);
  pty.press('enter');
  await pty.waitFor('filter: leaver');
});

test('q: what was done is on the normal screen, in order, and nothing else', async () => {
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toMatch(
    new RegExp(
      `^pgdeck, postgres:\\n {2}\\d\\d:\\d\\d:\\d\\d {2}Session ${c.pid} .* is gone\\.\\n {2}\\d\\d:\\d\\d:\\d\\d {2}\\d+ ended: 1 released\\.\\n {2}\\d\\d:\\d\\d:\\d\\d {2}Session \\d+ .*\\(leaver\\) was already gone; nothing was sent\\.$`,
    ),
  );
});
