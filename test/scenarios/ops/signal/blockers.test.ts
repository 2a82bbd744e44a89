import { afterAll, beforeAll, expect, test } from 'vitest';
import { freedBy } from '../../../../src/db/blocking.ts';
import { connect, type Session } from '../../../../src/db/client.ts';
import { quoteLiteral } from '../../../../src/db/ident.ts';
import { eventSentence, freesSentence } from '../../../../src/ops/signal/sentences.ts';
import type { NamedSession, SignalAction, SignalPlan } from '../../../../src/ops/signal/types.ts';
import { waitingRows } from '../../../../src/ops/signal/waiting.ts';
import { blocked, events, isThere, kinds, planSignal, waitersOf } from '../../../ops/signal/stage.ts';
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

const app = () => client(db.target(), 'app');
const plan = (action: SignalAction, ...pids: NamedSession[]) =>
  planSignal(control, { action, pick: { pids } });

/** Two readers hold a table, an ALTER in a transaction waits for both, another reader waits behind the ALTER. */
async function queue(table: string) {
  const [a, b, alter, reader] = [await app(), await app(), await app(), await app()];
  await a.sql(`CREATE TABLE ${table} (id int)`);
  for (const session of [a, b]) {
    await session.sql('BEGIN');
    await session.sql(`LOCK TABLE ${table} IN ACCESS SHARE MODE`);
  }
  await alter.sql('BEGIN');
  const altered = await blocked(control, alter, `ALTER TABLE ${table} ADD COLUMN name text`);
  const read = await blocked(control, reader, `SELECT * FROM ${table}`);
  return { a, b, alter, reader, altered: altered.over, read: read.over };
}

/** The part of a plan that concerns this test's sessions: the server has other tests' sessions too. */
function only(whole: SignalPlan, ...sessions: Session[]): SignalPlan {
  const pids = sessions.map((session) => session.pid);
  return { ...whole, victims: whole.victims.filter(({ target }) => pids.includes(target.pid)) };
}

test('cancelling the ALTER frees the reader behind it, and touches nobody else', async () => {
  const { a, b, alter, reader, altered, read } = await queue('one');
  const cancel = await plan('cancel', alter);
  expect(cancel).toMatchObject({ frees: 1, victims: [{ blocks: [reader.pid], frees: 1 }] });
  expect(freesSentence(cancel)).toBe('That frees 1 session waiting for a lock.');
  const [outcome, effect] = await events(control, cancel);
  expect(outcome && eventSentence(outcome)).toMatch(/ is cancelled\.$/);
  expect(effect).toEqual({ kind: 'effect', waiters: { freed: 1, inTurn: 0, waiting: 0, by: [] } });
  expect(effect && eventSentence(effect)).toBe('1 session released.');
  expect((await altered)?.code).toBe('57014');
  expect(await read).toBeUndefined();
  for (const session of [a, b]) await session.sql('COMMIT');
});

test('one of two holders frees nobody; both free the whole queue, one after the other', async () => {
  const { a, b, alter, reader, altered } = await queue('two');
  const one = await plan('terminate', a);
  expect(one).toMatchObject({ frees: 0, victims: [{ frees: 0 }] });
  expect([...(one.victims[0]?.blocks ?? [])].sort()).toEqual([alter.pid, reader.pid].sort());
  expect(freesSentence(one)).toBe(`That frees nobody: 2 wait for ${b.pid} too; ending both frees 2.`);
  const both = await plan('terminate', a, b);
  expect(both).toMatchObject({ frees: 2, victims: [{ frees: 0 }, { frees: 0 }] });
  expect(both.heldUp).toBeUndefined();
  expect(freesSentence(both)).toBe('That frees 2 sessions waiting for a lock.');

  const roots = await planSignal(control, { action: 'terminate', pick: { rootBlockers: true } });
  const mine = only(roots, a, b, alter, reader);
  expect(mine.victims.map(({ target }) => target.pid).sort()).toEqual([a.pid, b.pid].sort());
  const list = await events(control, mine);
  expect(kinds(list.filter((event) => event.kind !== 'effect'))).toEqual({
    [a.pid]: 'ended',
    [b.pid]: 'ended',
  });
  // the ALTER goes on and holds the table; the reader's turn has not come: both are counted, as the plan said
  const effect = list.at(-1);
  expect(effect).toEqual({ kind: 'effect', waiters: { freed: 1, inTurn: 1, waiting: 0, by: [] } });
  expect(effect && eventSentence(effect)).toBe('1 session released, 1 follows in turn.');
  expect(await altered).toBeUndefined();
  expect((await waitersOf(control)).get(reader.pid)).toEqual([alter.pid]);
});

test('ending one of two holders: nobody is released, as the plan said, and for whom they wait is named', async () => {
  const { a, b, altered, read } = await queue('apart');
  const effect = (await events(control, await plan('terminate', a))).at(-1);
  expect(effect).toEqual({
    kind: 'effect',
    waiters: { freed: 0, inTurn: 0, waiting: 2, by: [b.pid] },
  });
  expect(effect && eventSentence(effect)).toBe(`No session released; 2 still wait for ${b.pid}.`);
  await b.sql('COMMIT');
  expect(await altered).toBeUndefined();
  void read;
});

test('a waiter that has gone meanwhile is not called released', async () => {
  const { a, b, alter, reader } = await queue('gone');
  const both = await planSignal(control, {
    action: 'terminate',
    pick: { pids: [{ pid: a.pid }, { pid: b.pid }] },
  });
  const doomed = reader.pid;
  await control.sql('SELECT pg_terminate_backend($1)', [doomed]);
  await until(async () => !(await isThere(control, doomed)), { what: 'the end of the reader' });
  const effect = (await events(control, both)).at(-1);
  expect(effect).toMatchObject({ waiters: { freed: 1, gone: 1, waiting: 0 } });
  expect(effect && eventSentence(effect)).toBe('1 session released, 1 went away while waiting.');
  await alter.sql('COMMIT');
});

test('who has got an advisory lock of the session keeps it: those behind it are not called released', async () => {
  const [holder, first, second] = [await app(), await app(), await app()];
  await holder.sql('SELECT pg_advisory_lock(4713)');
  for (const session of [first, second]) await blocked(control, session, 'SELECT pg_advisory_lock(4713)');
  const planned = await plan('terminate', holder);
  // whether the lock ends with a transaction is not known: the plan does not promise more than the result may be
  expect(freesSentence(planned)).toBe(
    'That frees 2 sessions waiting for a lock at most, in turn: who gets the advisory lock may keep it as long as its session.',
  );
  const effect = (await events(control, planned)).at(-1);
  expect(effect && eventSentence(effect)).toBe(`1 session released; 1 still waits for ${first.pid}.`);
});

test('root blockers that run no statement can be terminated, not cancelled', async () => {
  const { a, b } = await queue('three');
  const roots = await planSignal(control, { action: 'cancel', pick: { rootBlockers: true } });
  const pids = roots.refused.filter(({ why }) => why === 'moved_on').map(({ pid }) => pid);
  expect(pids).toEqual(expect.arrayContaining([a.pid, b.pid]));
});

test('a prepared transaction is named as what it is: which one, whose, and what ends it', async () => {
  const [owner, waiter] = [await app(), await app()];
  const gids = ["it's one", 'two'].map((name) => `${name} ${db.database}`);
  await owner.sql('CREATE TABLE prepared (id int)');
  for (const gid of gids) {
    await owner.sql('BEGIN');
    await owner.sql('LOCK TABLE prepared IN ACCESS SHARE MODE');
    await owner.sql('INSERT INTO prepared VALUES (1)');
    await owner.sql(`PREPARE TRANSACTION ${quoteLiteral(gid)}`);
  }
  // one that holds a lock which is in nobody's way
  await owner.sql('CREATE TABLE unrelated (id int)');
  await owner.sql('BEGIN');
  await owner.sql('INSERT INTO unrelated VALUES (1)');
  await owner.sql(`PREPARE TRANSACTION 'other ${db.database}'`);
  try {
    const { over } = await blocked(control, waiter, 'CREATE INDEX ON prepared (id)');
    const rows = (await waitingRows(control)).filter((row) => row.prepared_in === db.database);
    expect(rows.map((row) => row.gid).sort()).toEqual(gids);
    for (const row of rows) {
      expect(row).toMatchObject({ owner: 'postgres', blocked_by: [], prepared_seconds: expect.any(Number) });
      expect(row.pid).toBeLessThan(0);
    }
    const roots = await planSignal(control, { action: 'terminate', pick: { rootBlockers: true } });
    for (const gid of gids)
      expect(roots.refused).toContainEqual(
        expect.objectContaining({
          why: 'prepared',
          reason: expect.stringContaining(`transaction ${quoteLiteral(gid)} of postgres, `),
          remedy: expect.stringContaining(`: ROLLBACK PREPARED ${quoteLiteral(gid)}, or COMMIT PREPARED`),
        }),
      );
    expect(freedBy(rows.concat(await waitingRows(control)), new Set(rows.map((row) => row.pid)))).toContain(
      waiter.pid,
    );
    for (const gid of gids) await owner.sql(`ROLLBACK PREPARED ${quoteLiteral(gid)}`);
    await over;
  } finally {
    for (const row of await owner.sql(
      'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
    ))
      await owner.sql(`ROLLBACK PREPARED ${quoteLiteral(String(row.gid))}`);
  }
});
