import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type AppState, openedWizard } from '../../../src/app/core/state.ts';
import { verdictLine } from '../../../src/app/views/locks/verdict.ts';
import { connect, type Session } from '../../../src/db/client.ts';
import { quoteLiteral } from '../../../src/db/ident.ts';
import { locksPoll } from '../../../src/db/queries/locks.ts';
import { lineText } from '../../../src/text/line.ts';
import { blocked, isThere, sleeping } from '../../ops/signal/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { text } from '../screen/frame.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let watcher: Session;
const stages: Stage[] = [];
const sessions: Session[] = [];

beforeAll(async () => {
  db = await testDatabase();
  watcher = await connect(db.target(), 'control', 'watcher');
  const maker = await client(db.target(), 'maker');
  await maker.sql('CREATE TABLE orders AS SELECT n AS id, n AS total FROM generate_series(1, 100) n');
});
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.stop()));
  for (const { pid } of sessions.splice(0)) {
    await watcher.sql('SELECT pg_terminate_backend($1)', [pid]);
    await until(async () => !(await isThere(watcher, pid)), { what: 'the end of a session' });
  }
});
afterAll(async () => {
  await watcher?.close();
  await db?.drop();
});

async function app(name: string): Promise<Session> {
  const session = await client(db.target(), name);
  sessions.push(session);
  return session;
}

async function console(size: AppState['size']): Promise<Stage> {
  const stage = new Stage(db.target(), { size });
  stages.push(stage);
  await stage.start();
  return stage;
}

/** Two readers hold orders, an ALTER waits for both, and others wait behind the ALTER. */
async function pileUp(behind: number) {
  const [a, b] = [await app('metabase'), await app('psql')];
  for (const reader of [a, b]) for (const sql of ['BEGIN', 'SELECT * FROM orders']) await reader.sql(sql);
  const alter = await app('flyway');
  await blocked(watcher, alter, 'ALTER TABLE orders ADD COLUMN note text');
  for (let i = 0; i < behind; i++)
    await blocked(
      watcher,
      await app(`web-${i}`),
      i % 2 === 0 ? `SELECT * FROM orders WHERE id = ${i}` : `UPDATE orders SET total = 1 WHERE id = ${i}`,
    );
  return { a, b, alter };
}

const pair = ({ pid: a }: Session, { pid: b }: Session) => [a, b].sort((x, y) => x - y).join('+');

describe('at 80x24', () => {
  test('both culprits and both cures stand there with no key; two keys end it, and the result is what was planned', async () => {
    const { a, b, alter } = await pileUp(6);
    const stage = await console({ columns: 80, rows: 24 });
    await stage.watching.answered(locksPoll);
    await stage.seconds(() => text(stage).includes('7 wait on'), 'the verdict');
    const verdict = text(stage)
      .split('\n')
      .find((line) => line.includes('7 wait on'));
    expect(verdict).toMatch(
      new RegExp(
        `^!*7 wait.* B: end ${pair(a, b).replace('+', '\\+')} frees 7 · cancel ${alter.pid} .*frees 6 *$`,
      ),
    );
    stage.keys('B');
    expect((await stage.asked()).sort()).toEqual([a.pid, b.pid].sort());
    const question = text(stage);
    expect(question).toMatch(/▶ end \d+\+\d+ +frees 7 /);
    for (const { pid } of [a, b])
      expect(question).toMatch(
        new RegExp(` ${pid} postgres (metabase|psql) .* idle in xact .* 7 ≤.* last: `),
      );
    expect(question).toContain('[No]');
    stage.keys('y');
    const done = await stage.dialog('done');
    expect(done.step === 'done' && done.outcomes.at(-1)).toEqual({
      kind: 'effect',
      waiters: { freed: 7, inTurn: 0, waiting: 0, by: [] },
    });
    expect(text(stage)).toMatch(/^ {2}\d+ and \d+ ended: 7 released\. *$/m);
    expect(await isThere(watcher, alter.pid)).toBe(true);
  });

  test('↓ chooses the gentler one with its own target; Enter is No; the targets are those of the key', async () => {
    const { a, b, alter } = await pileUp(2);
    const stage = await console({ columns: 80, rows: 24 });
    await stage.seconds(() => text(stage).includes('3 wait on'), 'the verdict');
    stage.keys('B');
    await stage.asked();
    stage.keys('down');
    expect(await stage.asked()).toEqual([alter.pid]);
    expect(text(stage)).toMatch(new RegExp(`▶ cancel ${alter.pid} \\(ALTER, flyway\\) +frees 2 `));
    // past the last one there is none, and an answer belongs to the option that it was given to
    stage.keys('down', 'tab', 'up');
    expect((await stage.asked()).sort()).toEqual([a.pid, b.pid].sort());
    stage.keys('enter');
    expect(stage.deck.state.overlay).toBeUndefined();
    stage.keys('B');
    await stage.asked();
    stage.keys('down', 'y');
    await stage.dialog('done');
    expect(text(stage)).toContain(`${alter.pid} cancelled: 2 released.`);
    for (const reader of [a, b]) expect(await isThere(watcher, reader.pid)).toBe(true);
  });

  test('d shows pids and the statements that are sent', async () => {
    const { a, b, alter } = await pileUp(1);
    const stage = await console({ columns: 80, rows: 24 });
    await stage.seconds(() => text(stage).includes('wait on'), 'the verdict');
    stage.keys('B');
    await stage.asked();
    expect(text(stage)).not.toContain('pg_terminate_backend');
    stage.keys('d', 'pgdn', 'pgdn', 'pgdn');
    expect(text(stage)).toContain('pg_terminate_backend');
    stage.keys('d');
    expect(text(stage)).toMatch(new RegExp(` (${a.pid}|${b.pid}) postgres `));
    stage.keys('down', 'd');
    expect(text(stage)).toMatch(new RegExp(`${alter.pid} +postgres@`));
  });
});

test('on the smallest screen nothing is answered before its target was on it', async () => {
  const { a, b, alter } = await pileUp(3);
  const stage = await console({ columns: 40, rows: 10 });
  const verdict = new RegExp(`^!*4 wait.* B: end ${pair(a, b).replace('+', '\\+')} frees 4 *$`, 'm');
  await stage.seconds(() => verdict.test(text(stage)), 'the verdict');
  // where the cures do not fit, the key that lists them does
  const narrow = verdictLine(stage.deck.model, { room: 30, dot: '·', key: 'B' });
  expect(lineText(narrow)).toMatch(/^!*4 wait.* · B: unblock$/);
  // the pane of those who hold and wait keeps a row
  expect(text(stage)).toMatch(new RegExp(`^[▶ ] ┌(${a.pid}|${b.pid})`, 'm'));
  stage.keys('B');
  await stage.asked();
  const lines = () => text(stage).split('\n');
  const row = (pid: number) => lines().some((line) => line.trimStart().startsWith(`${pid} `));
  for (const { pid } of [a, b]) expect(row(pid)).toBe(true);
  expect(text(stage)).toContain('[No]');
  stage.keys('down');
  expect(row(alter.pid)).toBe(true);
  expect(text(stage)).toContain(`cancel ${alter.pid}`.slice(0, 9));
  expect(text(stage)).toContain('[No]');
});

test('of a session and a prepared transaction that hold others up together y asks about the prepared one, and ends nobody', async () => {
  const gid = `${db.database}'s 事务`;
  const reader = await app('metabase');
  const manager = await client(db.target(), 'manager');
  for (const session of [reader, manager])
    for (const sql of ['BEGIN', 'SELECT * FROM orders']) await session.sql(sql);
  await manager.sql(`PREPARE TRANSACTION ${quoteLiteral(gid)}`);
  await manager.close();
  try {
    await blocked(watcher, await app('flyway'), 'ALTER TABLE orders ADD COLUMN note text');
    const stage = await console({ columns: 100, rows: 30 });
    await stage.seconds(() => text(stage).includes('1 wait'), 'the verdict');
    stage.keys('B');
    await stage.asked();
    const question = text(stage);
    expect(question).toMatch(/▶ end prepared .*\+\d+ +frees 1 +one by one, B each time/);
    expect(question).not.toContain('rolled back');
    expect(question).toContain('y goes on');
    stage.keys('y');
    await stage.seconds(() => openedWizard(stage.deck.state)?.operation !== undefined, 'the form');
    expect(openedWizard(stage.deck.state)?.form.texts.gid).toMatchObject({ text: gid });
    // the row has answered which one: what is left to say is how
    stage.keys('r');
    expect(openedWizard(stage.deck.state)?.form).toMatchObject({
      focus: 'outcome',
      picked: { outcome: 'rollback' },
    });
    expect(await isThere(watcher, reader.pid)).toBe(true);
  } finally {
    await watcher.sql(`ROLLBACK PREPARED ${quoteLiteral(gid)}`);
  }
});

test('after a filter K is about the session that was looked for, not about one above it', async () => {
  const { alter } = await pileUp(5);
  const stage = await console({ columns: 100, rows: 30 });
  stage.keys('3');
  await stage.seconds(() => text(stage).includes('6 wait on'), 'the verdict');
  stage.filter('flyw');
  expect(text(stage)).toContain('1 of 8 sessions, filter: flyw');
  stage.keys('K');
  expect(await stage.asked()).toEqual([alter.pid]);
  stage.keys('esc');
});

test('a session that has ended its transaction while the question was read is left alone', async () => {
  const { a, b } = await pileUp(1);
  const stage = await console({ columns: 80, rows: 24 });
  await stage.seconds(() => text(stage).includes('2 wait on'), 'the verdict');
  stage.keys('B');
  await stage.asked();
  for (const sql of ['COMMIT', 'BEGIN', 'SELECT 1']) await a.sql(sql);
  stage.keys('y');
  await stage.dialog('done');
  expect(text(stage)).toMatch(/ended: 2 released\./);
  expect(text(stage)).toContain(`${a.pid} moved on`);
  expect(await isThere(watcher, a.pid)).toBe(true);
  expect(await isThere(watcher, b.pid)).toBe(false);
});

test('what this role may not do is no first choice, and is not said to hit 0 sessions', async () => {
  const role = `${db.database}_app`;
  await watcher.sql(`CREATE ROLE ${role} LOGIN IN ROLE pg_monitor`);
  try {
    const maker = await client(db.target(), 'maker');
    await maker.sql(`CREATE TABLE notes (id int)`);
    await maker.sql(`GRANT ALL ON notes TO ${role}`);
    await pileUp(4);
    const mine = await client(db.target(role), 'mine');
    for (const sql of ['BEGIN', 'LOCK notes']) await mine.sql(sql);
    sessions.push(mine);
    await blocked(watcher, await app('other'), 'SELECT * FROM notes');
    const stage = new Stage(db.target(role), { size: { columns: 100, rows: 30 } });
    stages.push(stage);
    await stage.start();
    await stage.seconds(() => text(stage).includes('6 wait'), 'the verdict');
    stage.keys('B');
    expect(await stage.asked()).toEqual([mine.pid]);
    const question = text(stage);
    expect(question).toMatch(new RegExp(`▶ end ${mine.pid} \\(mine\\) +frees 1 +1 session rolled back`));
    expect(question).toMatch(/ {2}end \d+\+\d+ +frees 5 +not permitted/);
    expect(question).not.toContain('0 sessions');
    stage.keys('esc');
  } finally {
    for (const { pid } of sessions) await watcher.sql('SELECT pg_terminate_backend($1)', [pid]);
    await watcher.sql(`DROP OWNED BY ${role}`);
    await watcher.sql(`DROP ROLE ${role}`);
  }
});

test('where nobody waits B says so, from any screen', async () => {
  const stage = await console({ columns: 80, rows: 24 });
  stage.keys('4');
  await pileUp(1);
  await stage.seconds(() => text(stage).includes('2 waiting for locks'), 'a wait');
  stage.keys('B');
  expect(await stage.asked()).toHaveLength(2);
  // what is on no screen is asked for: the same words as beside the locks
  expect(text(stage)).toMatch(/ cancel \d+ \(ALTER, flyway\)/);
  stage.keys('esc');
});

test('a list that is longer than the screen cannot be answered before it was read to its end', async () => {
  const many: Session[] = [];
  for (let i = 0; i < 9; i++) {
    const session = await app(`worker-${i}`);
    await sleeping(watcher, session);
    many.push(session);
  }
  const stage = await console({ columns: 80, rows: 16 });
  stage.keys('2');
  stage.filter('worker-');
  await stage.seconds(() => text(stage).includes('worker-'), 'rows');
  await until(
    () => {
      stage.keys('space');
      return (stage.deck.state.tables.activity?.marks.size ?? 0) === 9;
    },
    { what: 'nine marks' },
  );
  stage.keys('K');
  expect(await stage.asked()).toHaveLength(9);
  expect(text(stage)).toMatch(/1-\d of 9 sessions: \d more below, PgDn/);
  expect(text(stage)).toMatch(/Enter answer +PgDn read on .*n no/);
  expect(text(stage)).not.toContain('y yes');
  for (const answer of ['y', 'tab']) {
    stage.keys(answer);
    expect(stage.overlay('signal').phase).toMatchObject({ step: 'ask', yes: false });
    expect(stage.deck.state.toast?.text).toMatch(/Read the list first: \d more below/);
  }
  for (const { pid } of many) expect(await isThere(watcher, pid)).toBe(true);
  stage.keys('pgdn', 'pgdn', 'pgdn', 'pgdn', 'pgup');
  expect(text(stage)).toContain('[No]');
  stage.keys('y');
  await stage.dialog('done');
  expect(text(stage)).toContain('9 sessions ended.');
  for (const { pid } of many) expect(await isThere(watcher, pid)).toBe(false);
});
