import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { exitReport } from '../../../src/app/report.ts';
import { footerLine } from '../../../src/app/screen/footer.ts';
import { focusedView, selectedRow, shownRows } from '../../../src/app/views/select.ts';
import { connect, type Session } from '../../../src/db/client.ts';
import { activityPoll, summaryPoll } from '../../../src/db/queries/activity.ts';
import { lineText } from '../../../src/text/line.ts';
import { blocked, isThere, sleeping } from '../../ops/signal/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { text } from '../screen/frame.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
let watcher: Session;
const stages: Stage[] = [];

beforeAll(async () => {
  db = await testDatabase();
  watcher = await connect(db.target(), 'control', 'watcher');
  await watcher.sql('CREATE TABLE public.t AS SELECT 1 AS id');
});
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.stop()));
});
afterAll(async () => {
  await watcher?.close();
  await db?.drop();
});

/** A console that lists the sessions of this database only. */
async function console(options: ConstructorParameters<typeof Stage>[1] = {}, role?: string): Promise<Stage> {
  const stage = new Stage(db.target(role), options);
  stages.push(stage);
  await stage.start();
  stage.keys('2');
  await stage.watching.answered(activityPoll);
  stage.filter(`${db.database} !pgdeck`);
  return stage;
}

const pids = ({ deck }: Stage) =>
  shownRows(focusedView(deck.state), deck.model, deck.state).rows.map((row) => (row as { pid: number }).pid);
const selected = ({ deck }: Stage) =>
  (selectedRow(deck.model, deck.state) as { pid: number } | undefined)?.pid;

const footer = ({ deck }: Stage) => lineText(footerLine(deck, 200)).trim();

async function shows(stage: Stage, ...expected: number[]): Promise<void> {
  await stage.seconds(() => expected.every((pid) => pids(stage).includes(pid)), `rows of ${expected.join()}`);
}

async function select(stage: Stage, pid: number): Promise<void> {
  await shows(stage, pid);
  stage.keys('g');
  for (let i = 0; i < pids(stage).length && selected(stage) !== pid; i++) stage.keys('j');
  expect(selected(stage)).toBe(pid);
}

async function victim(role?: string): Promise<Session> {
  const session = await client(db.target(role), 'app');
  await sleeping(watcher, session);
  return session;
}

describe('the question', () => {
  test('Enter alone never sends; n, q and Esc neither', async () => {
    const session = await victim();
    const stage = await console();
    await select(stage, session.pid);
    for (const answer of ['enter', 'n', 'q', 'esc']) {
      stage.keys('K');
      expect(await stage.asked()).toEqual([session.pid]);
      stage.keys(answer);
      expect(stage.deck.state.overlay).toBeUndefined();
    }
    expect(stage.exits).toBe(0);
    // typed ahead, a yes is not one: nobody has read the question yet
    stage.keys('K', 'y', 'enter');
    expect(stage.deck.state.overlay).toBeUndefined();
    expect(await isThere(watcher, session.pid)).toBe(true);
    expect(exitReport(stage.deck)).toBe('');
  });

  test('y ends the session meant, and no other', async () => {
    const [session, other] = [await victim(), await victim()];
    const stage = await console();
    await shows(stage, session.pid, other.pid);
    await select(stage, session.pid);
    stage.keys('K');
    await stage.asked();
    stage.keys('y', 'y');
    const done = await stage.dialog('done');
    expect(done.step === 'done' && done.outcomes.map(({ kind }) => kind)).toEqual(['ended']);
    expect(await isThere(watcher, session.pid)).toBe(false);
    expect(await isThere(watcher, other.pid)).toBe(true);
    expect(exitReport(stage.deck)).toMatch(
      new RegExp(`^pgdeck, shop:\\n.*Session ${session.pid} .* is gone\\.\\n$`),
    );
    stage.keys('enter');
    expect(stage.deck.state.overlay).toBeUndefined();
  });

  test('the footer says what the keys do now: to answer, to stop what is sent, to close what is done', async () => {
    const session = await victim();
    const stage = await console();
    await select(stage, session.pid);
    stage.keys('K');
    await stage.asked();
    expect(footer(stage)).toBe('Enter answer  Tab other answer  y yes  n no  d pids and SQL');
    process.kill(session.pid, 'SIGSTOP');
    try {
      stage.keys('y');
      await stage.dialog('running');
      expect(footer(stage)).toBe('Esc stop');
    } finally {
      process.kill(session.pid, 'SIGCONT');
    }
    await stage.dialog('done');
    stage.deck.store.set({ toast: undefined });
    expect(footer(stage)).toBe('Enter close');
  });

  test('the other answer and Enter send too', async () => {
    const session = await victim();
    const stage = await console();
    await select(stage, session.pid);
    stage.keys('c');
    await stage.asked();
    stage.keys('tab', 'enter');
    await stage.dialog('done');
    expect(await session.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('is about the row at the key press, whatever happens to the list', async () => {
    const session = await victim();
    const stage = await console();
    await select(stage, session.pid);
    stage.keys('K');
    await stage.asked();
    const newcomer = await victim();
    await stage.seconds(
      () => stage.deck.model.rows(activityPoll).some(({ pid }) => pid === newcomer.pid),
      'the newcomer',
    );
    expect(await stage.asked()).toEqual([session.pid]);
    stage.keys('y');
    await stage.dialog('done');
    expect(await isThere(watcher, session.pid)).toBe(false);
    expect(await isThere(watcher, newcomer.pid)).toBe(true);
  });

  test('a plan that comes late belongs to the dialog that was closed', async () => {
    const [first, second] = [await victim(), await victim()];
    const stage = await console();
    await shows(stage, first.pid, second.pid);
    await select(stage, first.pid);
    const questions = new Set<string>();
    stage.deck.store.subscribe(() => {
      const { overlay } = stage.deck.state;
      if (overlay?.kind === 'signal' && overlay.phase.step === 'ask')
        questions.add(overlay.phase.plan.victims.map(({ target }) => target.pid).join());
    });
    const { pid = 0 } = stage.watching.sessions.get('control') ?? {};
    process.kill(pid, 'SIGSTOP');
    try {
      stage.keys('K', 'esc');
      await select(stage, second.pid);
      stage.keys('K');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await stage.asked()).toEqual([second.pid]);
    expect([...questions]).toEqual([String(second.pid)]);
  });
});

test('where no connection is free, the one that is open serves: to plan, to send, to stop and to tell', async () => {
  const role = await db.roleWith('pg_read_all_stats');
  const [session, stuck] = [await victim(role), await victim(role)];
  const stage = await console({}, role);
  await shows(stage, session.pid, stuck.pid);
  for (const { pid } of [session, stuck]) {
    await select(stage, pid);
    stage.keys('space');
  }
  await watcher.sql(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
  stage.keys('K');
  await stage.asked();
  process.kill(stuck.pid, 'SIGSTOP');
  try {
    stage.keys('y');
    await until(async () => !(await isThere(watcher, session.pid)), { what: 'the end of the session' });
    stage.keys('^C');
    const done = await stage.dialog('done');
    expect(done.step === 'done' && done.outcomes.map(({ kind }) => kind).sort()).toEqual([
      'ended',
      'still_there',
    ]);
  } finally {
    process.kill(stuck.pid, 'SIGCONT');
  }
});

describe('who is meant', () => {
  test('a mark counts, also after the list has changed; marks of others are not touched', async () => {
    const sessions = [await victim(), await victim(), await victim()];
    const [a, b, c] = sessions.map(({ pid }) => pid) as [number, number, number];
    const stage = await console();
    await shows(stage, a, b, c);
    for (const pid of [a, c]) {
      await select(stage, pid);
      stage.keys('space');
    }
    stage.keys('S');
    await victim();
    await stage.second();
    await select(stage, b);
    stage.keys('K');
    expect((await stage.asked()).sort()).toEqual([a, c].sort());
    stage.keys('y');
    await stage.dialog('done');
    expect(await isThere(watcher, b)).toBe(true);
    expect(await isThere(watcher, a)).toBe(false);
    expect(stage.deck.state.tables.activity?.marks.size).toBe(0);
  });

  test('a marked session that the filter hides is not ended: the question says so, and it stays marked', async () => {
    const sessions = [await victim(), await victim()];
    const [a, b] = sessions.map(({ pid }) => pid) as [number, number];
    const stage = await console();
    await shows(stage, a, b);
    for (const pid of [a, b]) {
      await select(stage, pid);
      stage.keys('space');
    }
    stage.filter(`pid:${a}`);
    stage.keys('K');
    expect(await stage.asked()).toEqual([a]);
    expect(text(stage)).toContain('1 marked row is not shown and left out.');
    stage.keys('y');
    await stage.dialog('done');
    expect(await isThere(watcher, b)).toBe(true);
    stage.keys('enter');
    expect(text(stage)).toContain('1 marked, 1 not shown');
  });

  test('who was meant is not marked any more, also where the filter hides what became of it', async () => {
    const { pid } = await victim();
    const stage = await console();
    stage.keys('i');
    stage.filter(`pid:${pid} state:active`);
    await select(stage, pid);
    stage.keys('space', 'c');
    expect(await stage.asked()).toEqual([pid]);
    // its statement ends by itself, and it is idle
    await watcher.sql('SELECT pg_cancel_backend($1)', [pid]);
    await stage.seconds(() => pids(stage).length === 0, 'a row that the filter hides');
    expect(stage.deck.model.rows(activityPoll).map((row) => row.pid)).toContain(pid);
    stage.keys('y');
    await stage.dialog('done');
    expect(stage.deck.state.tables.activity?.marks.size).toBe(0);
  });

  test('the selection follows the session through the order, and stays put when it has gone', async () => {
    const [first, second, third] = [await victim(), await victim(), await victim()];
    const stage = await console();
    await shows(stage, first.pid, second.pid, third.pid);
    await select(stage, second.pid);
    const at = () => pids(stage).indexOf(second.pid);
    const before = at();
    stage.keys('S');
    expect(selected(stage)).toBe(second.pid);
    const newcomers = [await victim(), await victim()];
    await shows(stage, ...newcomers.map(({ pid }) => pid));
    expect(selected(stage)).toBe(second.pid);
    expect(at()).not.toBe(before);
    const place = at();
    await second.close();
    await watcher.sql('SELECT pg_terminate_backend($1)', [second.pid]);
    await stage.seconds(() => at() < 0, 'the end of the row');
    const heir = pids(stage)[Math.min(place, pids(stage).length - 1)];
    expect(selected(stage)).toBe(heir);
    // from now on it is the heir that is followed
    stage.keys('S');
    expect(selected(stage)).toBe(heir);
  });

  test('in the details it is the session of the details, also when the list has lost it', async () => {
    const [session, other] = [await victim(), await victim()];
    const stage = await console();
    await shows(stage, session.pid, other.pid);
    await select(stage, session.pid);
    stage.keys('enter');
    await watcher.sql('SELECT pg_cancel_backend($1)', [session.pid]);
    await stage.seconds(() => !pids(stage).includes(session.pid), 'a list without the session');
    expect(stage.overlay('detail').gone).toBe(false);
    stage.keys('K');
    expect(await stage.asked()).toEqual([session.pid]);
    stage.keys('n');
  });
});

describe('root blockers and idle sessions', () => {
  test('B asks for those who block and do not wait', async () => {
    // of this role alone, so that no other test's sessions are hit
    const role = await db.roleWith('pg_read_all_stats');
    await watcher.sql(`GRANT ALL ON public.t TO ${role}`);
    const [holder, waiter] = [await client(db.target(role), 'app'), await client(db.target(role), 'app')];
    const stage = await console({}, role);
    await holder.sql('BEGIN');
    await holder.sql('UPDATE t SET id = id');
    const { over } = await blocked(watcher, waiter, 'UPDATE t SET id = id');
    await stage.seconds(() => (stage.deck.model.rows(summaryPoll)[0]?.lock_waiting ?? 0) > 0, 'a wait');
    stage.keys('B');
    expect(await stage.asked()).toEqual([holder.pid]);
    stage.keys('y');
    const done = await stage.dialog('done');
    expect(done.step === 'done' && done.outcomes[0]?.kind).toBe('ended');
    expect(await over).toBeUndefined();
    await waiter.close();
  });

  test('I asks how long, refuses nonsense, and lists before it sends', async () => {
    const role = await db.roleWith('pg_read_all_stats');
    const idle = await client(db.target(role), 'app');
    await idle.sql('SELECT 1');
    const stage = await console({}, role);
    stage.keys('I');
    expect(stage.overlay('idle').field.text).toBe('10m');
    // the same number would be seconds to one reader and minutes to the next
    for (const nonsense of ['10', '', '0', '0m', 'soon', '-5', '10 apples']) {
      stage.keys('^U');
      stage.type(nonsense);
      stage.keys('enter');
      expect(stage.overlay('idle').problem, nonsense).toContain('90s, 10m, 2h');
    }
    stage.keys('^U');
    stage.type('1ms');
    stage.keys('enter');
    expect(await stage.asked()).toEqual([idle.pid]);
    stage.keys('enter');
    expect(await isThere(watcher, idle.pid)).toBe(true);
    // what is typed replaces the proposal
    stage.keys('I');
    stage.type('3m');
    expect(stage.overlay('idle').field.text).toBe('3m');
    stage.keys('enter');
    // nobody here has been idle for three minutes
    expect(await stage.asked()).toEqual([]);
    // nothing is asked, so that nothing can be answered
    expect(footer(stage)).toBe('Enter close');
    stage.keys('y');
    expect(stage.overlay('signal').phase.step).toBe('ask');
    stage.keys('enter');
    expect(stage.deck.state.overlay).toBeUndefined();
  });
});

test('read-only is refused by the runner too, should a question ever be open', async () => {
  const session = await victim();
  const [free, careful] = [await console(), await console({ readOnly: true })];
  await select(free, session.pid);
  free.keys('K');
  await free.asked();
  careful.deck.open(free.overlay('signal'));
  careful.keys('y');
  const failed = await careful.dialog('failed');
  expect(failed).toMatchObject({ reason: expect.stringContaining('read-only mode') });
  expect(await isThere(watcher, session.pid)).toBe(true);
});

test('without a connection a key says so, and nothing is open', async () => {
  const session = await victim();
  const stage = await console();
  await select(stage, session.pid);
  await watcher.sql('SELECT pg_terminate_backend($1)', [stage.watching.sessions.get('control')?.pid]);
  await until(() => stage.deck.sampler.link.state === 'away', { what: 'the loss' });
  stage.keys('K');
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(stage.deck.state.toast?.text).toContain('there is no connection');
  stage.keys('e');
  expect(stage.deck.state.toast?.text).toContain('there is no connection');
});
