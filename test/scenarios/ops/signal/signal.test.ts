import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { inlined } from '../../../../src/db/pooler/message.ts';
import { sqlFor } from '../../../../src/db/query.ts';
import { signalEvent } from '../../../../src/ops/signal/events.ts';
import { outcomeSentence } from '../../../../src/ops/signal/sentences.ts';
import { begin, isThere, kinds, outcomes, planSignal, seen, sleeping } from '../../../ops/signal/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';

let db: TestDatabase;
let control: Session;

beforeAll(async () => {
  db = await testDatabase();
  control = await connect(db.target(), 'control', 'pgdeck-control');
});

afterAll(async () => {
  await control.close();
  await db.drop();
});

const app = (role?: string) => client(db.target(role), 'app');

describe('terminate', () => {
  test('ends the session meant, verified, and leaves the others alone', async () => {
    const [victim, other] = [await app(), await app()];
    const { over } = await sleeping(control, victim);
    const plan = await planSignal(control, { action: 'terminate', pick: { pids: [{ pid: victim.pid }] } });
    expect(plan).toMatchObject({
      title: `Terminate session ${victim.pid} of postgres@${db.database} (app)`,
      refused: [],
      frees: 0,
      victims: [{ target: { pid: victim.pid, state: 'active' }, blocks: [], frees: 0 }],
    });
    const [outcome] = await outcomes(control, plan);
    expect(outcome).toMatchObject({ kind: 'ended', victim: { target: { pid: victim.pid } } });
    expect(outcome && outcomeSentence(outcome)).toBe(
      `Session ${victim.pid} of postgres@${db.database} (app) is gone.`,
    );
    expect((await over)?.code).toBe('57P01');
    expect(await isThere(control, victim.pid)).toBe(false);
    expect(await other.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test.each(['cancel', 'terminate'] as const)(
    'the statement that %s shows in the plan is the one that is sent',
    async (action) => {
      const victim = await app();
      const { over } = await sleeping(control, victim);
      const plan = await planSignal(control, { action, pick: { pids: [{ pid: victim.pid }] } });
      const sent: string[] = [];
      const heard = new Proxy(control, {
        get: (own, key) => {
          if (key === 'batch')
            return (calls: Parameters<Session['batch']>[0]) => {
              for (const { query, input } of calls)
                sent.push(inlined(sqlFor(query, own.server) ?? '', query.params(input as never)));
              return own.batch(calls);
            };
          const value: unknown = Reflect.get(own, key, own);
          return typeof value === 'function' ? value.bind(own) : value;
        },
      });
      expect((await outcomes(heard, plan)).map(({ kind }) => kind)).toEqual([
        action === 'cancel' ? 'cancelled' : 'ended',
      ]);
      await over;
      const { sql = '' } = plan.victims[0] ?? {};
      expect(sent.filter((text) => text.includes(`pg_${action}_backend`))).toEqual([sql]);
      expect(sql).toContain(String(victim.pid));
      // pasted into psql once more, its guard finds nobody
      expect(await control.sql(sql)).toEqual([]);
    },
  );

  test('a session named twice is signalled once', async () => {
    const victim = await app();
    const pids = [{ pid: victim.pid }, { pid: victim.pid }];
    const plan = await planSignal(control, { action: 'terminate', pick: { pids } });
    expect(plan.victims).toHaveLength(1);
    const twice = { ...plan, victims: [...plan.victims, ...plan.victims] };
    expect((await outcomes(control, twice)).map(({ kind }) => kind)).toEqual(['ended']);
  });

  test('a pid that is another session now gets nothing', async () => {
    const session = await app();
    const stale = ((await seen(control, session.pid)).backend_start_us ?? 0) - 1;
    const asked = await planSignal(control, {
      action: 'terminate',
      pick: { pids: [{ pid: session.pid, backendStart: stale }] },
    });
    expect(asked.victims).toEqual([]);
    expect(asked.refused).toMatchObject([
      { pid: session.pid, why: 'another_session', reason: expect.stringContaining('is another session now') },
    ]);

    // the same when it becomes another one only after the plan: the server compares
    const plan = await planSignal(control, { action: 'terminate', pick: { pids: [{ pid: session.pid }] } });
    const late = plan.victims.map((victim) => ({
      ...victim,
      guard: { by: 'session' as const, backendStart: stale },
    }));
    expect(kinds(await outcomes(control, { ...plan, victims: late }))).toEqual({
      [session.pid]: 'already_gone',
    });
    expect(await session.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a session that went away by itself is already gone', async () => {
    const session = await app();
    const request = { action: 'terminate', pick: { pids: [{ pid: session.pid }] } } as const;
    const plan = await planSignal(control, request);
    await session.close();
    await until(async () => !(await isThere(control, session.pid)), { what: 'the end of the session' });
    const [outcome] = await outcomes(control, plan);
    expect(outcome?.kind).toBe('already_gone');
    expect(outcome && outcomeSentence(outcome)).toMatch(/was already gone; nothing was sent\.$/);
    expect((await planSignal(control, request)).refused).toMatchObject([
      { pid: session.pid, why: 'already_gone' },
    ]);
  });

  test('a session that does not go in time is still there, and gone once it can', async () => {
    const victim = await app();
    const plan = await planSignal(control, { action: 'terminate', pick: { pids: [{ pid: victim.pid }] } });
    // a process stopped by the operating system takes no signal from PostgreSQL
    process.kill(victim.pid, 'SIGSTOP');
    try {
      const [outcome] = await outcomes(control, plan, { wait: 0.1 });
      expect(outcome?.kind).toBe('still_there');
      expect(outcome && outcomeSentence(outcome)).toMatch(/got the signal and is still there after 0\.\ds: /);
    } finally {
      process.kill(victim.pid, 'SIGCONT');
    }
    await until(async () => !(await isThere(control, victim.pid)), { what: 'the end of the session' });
  });

  test('one session that hangs does not keep the others alive', async () => {
    const [stuck, other] = [await app(), await app()];
    const pids = [{ pid: stuck.pid }, { pid: other.pid }];
    const plan = await planSignal(control, { action: 'terminate', pick: { pids } });
    process.kill(stuck.pid, 'SIGSTOP');
    try {
      const list = await outcomes(control, plan, { wait: 0.3 });
      expect(list.map(({ victim, kind }) => [victim.target.pid, kind])).toEqual([
        [other.pid, 'ended'],
        [stuck.pid, 'still_there'],
      ]);
    } finally {
      process.kill(stuck.pid, 'SIGCONT');
    }
  });

  test('all are signalled in one pass: no signal waits for the answer to the one before', async () => {
    const victims = [await app(), await app(), await app()];
    const pids = victims.map(({ pid }) => ({ pid }));
    const plan = await planSignal(control, { action: 'terminate', pick: { pids } });
    let sent = 0;
    const { promise: all, resolve } = Promise.withResolvers<void>();
    // a server so far away that the first answer comes after the last signal is on its way
    const far: Session = Object.create(control, {
      batch: {
        value: async (calls: Parameters<Session['batch']>[0]) => {
          if (++sent === victims.length) resolve();
          const answers = await control.batch(calls);
          await all;
          return answers;
        },
      },
      lost: { get: () => control.lost },
      server: { get: () => control.server },
    });
    expect(kinds(await outcomes(far, plan))).toEqual(
      Object.fromEntries(victims.map(({ pid }) => [pid, 'ended'])),
    );
  });

  test('a step that fails by itself is told as a failure of its session', async () => {
    const victim = await app();
    const plan = await planSignal(control, { action: 'terminate', pick: { pids: [{ pid: victim.pid }] } });
    const finish = { type: 'finish', at: 0, step: 0, ok: false, ms: 100, text: 'Out of memory.' } as const;
    expect(signalEvent(plan, finish)).toEqual({
      ...{ victim: plan.victims[0], kind: 'failed', seconds: 0.1, reason: 'Out of memory.' },
    });
  });

  test('a run that is stopped sends nothing more', async () => {
    const [a, b] = [await app(), await app()];
    const pids = [{ pid: a.pid }, { pid: b.pid }];
    const plan = await planSignal(control, { action: 'terminate', pick: { pids } });
    const list = await outcomes(control, plan, { signal: AbortSignal.abort() });
    expect(kinds(list)).toEqual({ [a.pid]: 'not_sent', [b.pid]: 'not_sent' });
    expect(await isThere(control, a.pid)).toBe(true);
  });

  test('when the control connection breaks, the rest is not sent', async () => {
    const [a, b] = [await app(), await app()];
    const broken = await connect(db.target(), 'control', 'pgdeck-control');
    const pids = [{ pid: a.pid }, { pid: b.pid }];
    const plan = await planSignal(broken, { action: 'terminate', pick: { pids } });
    const lost = new Promise((resolve) => broken.onLost(resolve));
    await control.sql('SELECT pg_terminate_backend($1)', [broken.pid]);
    await lost;
    expect(kinds(await outcomes(broken, plan))).toEqual({ [a.pid]: 'failed', [b.pid]: 'not_sent' });
    expect(await isThere(control, a.pid)).toBe(true);
  });
});

describe('cancel', () => {
  test('stops the statement and keeps the session', async () => {
    const victim = await app();
    const { over } = await sleeping(control, victim);
    const plan = await planSignal(control, { action: 'cancel', pick: { pids: [{ pid: victim.pid }] } });
    const [outcome] = await outcomes(control, plan);
    expect(outcome?.kind).toBe('cancelled');
    expect((await over)?.code).toBe('57014');
    expect(await victim.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('does not hit the next statement of the same session', async () => {
    const victim = await app();
    const first = await sleeping(control, victim);
    const plan = await planSignal(control, { action: 'cancel', pick: { pids: [{ pid: victim.pid }] } });
    const meant = await seen(control, victim.pid);
    expect(kinds(await outcomes(control, plan))).toEqual({ [victim.pid]: 'cancelled' });
    await first.over;

    const second = await sleeping(control, victim);
    const [outcome] = await outcomes(control, plan);
    expect(outcome?.kind).toBe('moved_on');
    expect(outcome && outcomeSentence(outcome)).toMatch(/no longer runs that statement; nothing was sent\.$/);
    expect((await seen(control, victim.pid)).state).toBe('active');
    // nor when it is asked for by the start of the first statement
    const queryStart = meant.query_start_us ?? 0;
    const late = await planSignal(control, {
      action: 'cancel',
      pick: { pids: [{ pid: victim.pid, queryStart }] },
    });
    expect(late.refused).toMatchObject([{ pid: victim.pid, why: 'moved_on' }]);
    await control.sql('SELECT pg_cancel_backend($1)', [victim.pid]);
    await second.over;
  });

  test('has nothing to do for a session that runs no statement', async () => {
    const session = await app();
    await session.sql('BEGIN');
    const plan = await planSignal(control, { action: 'cancel', pick: { pids: [{ pid: session.pid }] } });
    expect(plan.victims).toEqual([]);
    expect(plan.refused).toMatchObject([
      { why: 'moved_on', reason: expect.stringContaining('runs no statement (idle in transaction)') },
    ]);
  });

  test('of a statement that takes no interrupts for long is still there', async () => {
    const victim = await app();
    await victim.sql(`CREATE FUNCTION stubborn() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
      FOR i IN 1..1000 LOOP
        BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
      END LOOP; END $$`);
    const over = begin(victim, 'SELECT stubborn()');
    await until(async () => (await seen(control, victim.pid)).wait_event === 'PgSleep', {
      what: 'the function',
    });
    const plan = await planSignal(control, { action: 'cancel', pick: { pids: [{ pid: victim.pid }] } });
    const [outcome] = await outcomes(control, plan, { wait: 0.1 });
    expect(outcome?.kind).toBe('still_there');
    expect(outcome?.seconds).toBeGreaterThanOrEqual(0.1);
    expect(outcome && outcomeSentence(outcome)).toMatch(
      /got the signal and runs its statement still after 0\.\ds/,
    );
    await control.sql('SELECT pg_terminate_backend($1)', [victim.pid]);
    expect((await over)?.code).toBe('57P01');
  });
});

describe('the sweep of idle sessions', () => {
  test('takes those idle for longer than asked, and never one in a transaction', async () => {
    // candidates are those that this role may end: its own, so that other tests' sessions are none
    const role = await db.roleWith();
    const sweeper = await connect(db.target(role), 'control', 'pgdeck-control');
    const [idle, inTransaction, busy] = [await app(role), await app(role), await app(role)];
    const other = await client(db.target(role), 'pgdeck-monitor');
    await other.sql('SELECT 1');
    await idle.sql('SELECT 1');
    await inTransaction.sql('BEGIN');
    await sleeping(control, busy);
    const sweep = (seconds: number) =>
      planSignal(sweeper, { action: 'terminate', pick: { idleLongerThan: seconds } });

    expect((await sweep(3600)).victims).toEqual([]);
    await until(async () => ((await seen(control, idle.pid)).state_seconds ?? 0) > 0.05, {
      what: 'idleness',
    });
    const plan = await sweep(0.05);
    expect(plan.victims.map((victim) => victim.target.pid)).toEqual([idle.pid]);
    // by its name another pgdeck: left alone, but not hidden
    const named = await until(async () => (await sweep(0.05)).refused[0], { what: 'the other pgdeck idles' });
    expect(named).toMatchObject({
      pid: other.pid,
      why: 'another_pgdeck',
      remedy: `To end it: pgdeck terminate ${other.pid}`,
    });

    // at work again between the plan and the signal: left alone
    await idle.sql('SELECT 2');
    expect(kinds(await outcomes(sweeper, plan))).toEqual({ [idle.pid]: 'moved_on' });
    const again = await until(
      async () => {
        const next = await sweep(0.05);
        return next.victims.length > 0 && next;
      },
      { what: 'idleness after the second statement' },
    );
    expect(kinds(await outcomes(sweeper, again))).toEqual({ [idle.pid]: 'ended' });
    expect(await isThere(control, inTransaction.pid)).toBe(true);
    expect(await isThere(control, busy.pid)).toBe(true);
    await sweeper.close();
  });
});

test('read-only mode refuses to plan and to run', async () => {
  const session = await app();
  const request = { action: 'terminate', pick: { pids: [{ pid: session.pid }] } } as const;
  const refusal = { kind: 'refused', message: expect.stringContaining('read-only mode') };
  await expect(planSignal(control, request, { readOnly: true })).rejects.toMatchObject(refusal);
  const plan = await planSignal(control, request);
  await expect(outcomes(control, plan, { readOnly: true })).rejects.toMatchObject(refusal);
  expect(await isThere(control, session.pid)).toBe(true);
});
