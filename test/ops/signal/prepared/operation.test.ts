import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openedWizard } from '../../../../src/app/core/state.ts';
import { connect, type Session } from '../../../../src/db/client.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { OpEvent } from '../../../../src/ops/engine/plan.ts';
import { prepared } from '../../../../src/ops/signal/prepared/operation.ts';
import { text } from '../../../app/screen/frame.ts';
import { Stage } from '../../../app/stage.ts';
import { client, serverTarget, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';
import { carryOut, contextOf } from '../../engine/run/stage.ts';
import { blocked } from '../stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let watcher: Session;
let maker: Session;
const open: OpContext[] = [];

beforeAll(async () => {
  db = await testDatabase();
  watcher = await connect(db.target(), 'control', 'watcher');
  maker = await client(db.target(), 'maker');
  await maker.sql('CREATE TABLE t (id int)');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((context) => context.close()));
  for (const { gid } of await maker.sql(
    'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
  ))
    await maker.sql(`ROLLBACK PREPARED '${String(gid).replaceAll("'", "''")}'`);
});
afterAll(async () => {
  await watcher?.close();
  await db?.drop();
});

/** A context in another database of the same server. */
function elsewhere(role = 'postgres'): OpContext {
  const context = contextOf({ ...serverTarget(), user: role }, home);
  open.push(context);
  return context;
}

const gidOf = (name: string) => `${name} o'${db.database}`;
const literal = (name: string) => `'${gidOf(name).replace("'", "''")}'`;

async function prepare(name: string, id: number): Promise<void> {
  for (const sql of ['BEGIN', 'LOCK TABLE t', `INSERT INTO t VALUES (${id})`]) await maker.sql(sql);
  await maker.sql(`PREPARE TRANSACTION ${literal(name)}`);
}
const isPrepared = async (name: string) =>
  (await maker.sql('SELECT 1 FROM pg_prepared_xacts WHERE gid = $1', [gidOf(name)])).length === 1;
const plan = (context: OpContext, name: string, outcome: 'commit' | 'rollback') =>
  prepared.plan({ gid: gidOf(name), outcome }, context);
const linesOf = (events: readonly OpEvent[]) => events.flatMap((e) => (e.type === 'line' ? [e.text] : []));

test.each([
  ['commit', 1],
  ['rollback', 0],
] as const)(
  '%s, from a session of another database: planned, verified, journaled, who is released is counted',
  async (outcome, rows) => {
    await prepare('one', 7);
    const waiter = await client(db.target(), 'waiter');
    const { over } = await blocked(watcher, waiter, 'SELECT count(*) FROM t WHERE id = 7');
    const context = elsewhere();
    const made = await plan(context, 'one', outcome);
    expect(made).toMatchObject({ danger: 'confirm', writes: true, subject: gidOf('one') });
    expect(made.undo).toBeUndefined();
    expect(made.consequence).toContain('This cannot be undone.');
    expect(made.steps[0]?.preview).toBe(`${outcome.toUpperCase()} PREPARED ${literal('one')};`);
    const facts = new Map(made.facts.map(({ label, value }) => [label, value]));
    expect(facts.get('Database')).toBe(db.database);
    expect(facts.get('Frees')).toBe('1 waiting session');
    expect(facts.get('Holds')).toMatch(/ ACCESS EXCLUSIVE, .* ROW EXCLUSIVE$/);
    expect(facts.get('Transaction')).toMatch(/ of postgres in .*, prepared .* ago$/);
    const { end, events, run } = await carryOut(made, context);
    expect(end).toMatchObject({ ok: true, undo: null });
    expect(linesOf(events)).toEqual([
      `${literal('one')} is ${outcome === 'commit' ? 'committed' : 'rolled back'}.`,
      '1 session released.',
    ]);
    expect(run).toMatchObject({ operation: 'prepared', status: 'done' });
    expect(await over).toBeUndefined();
    expect(await isPrepared('one')).toBe(false);
    expect(await maker.sql('SELECT id FROM t WHERE id = 7')).toHaveLength(rows);
    await maker.sql('TRUNCATE t');
  },
);

test('one that is gone, or another one of that name, is not ended', async () => {
  await expect(plan(elsewhere(), 'none', 'commit')).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringContaining(`No transaction is prepared as ${literal('none')}`),
  });
  await prepare('two', 1);
  const context = elsewhere();
  const made = await plan(context, 'two', 'rollback');
  await maker.sql(`ROLLBACK PREPARED ${literal('two')}`);
  await prepare('two', 2);
  const { end } = await carryOut(made, context);
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  expect(end.text).toContain('that was meant is gone; nothing was done');
  expect(await isPrepared('two')).toBe(true);
});

test('whoever does not own it is told whom to connect as', async () => {
  await prepare('three', 1);
  const made = await plan(elsewhere(await db.roleWith('pg_monitor')), 'three', 'commit');
  expect(made.checks).toContainEqual(
    expect.objectContaining({ status: 'block', detail: expect.stringContaining('connect as postgres') }),
  );
});

test('the command asks which, and a yes', async () => {
  await prepare('four', 1);
  const { host, port, user } = serverTarget();
  const env = cleanEnvironment(home, { XDG_STATE_HOME: join(home, 'state') });
  const run = (...args: string[]) =>
    pgdeck(['-h', host, '-p', String(port), '-U', user, '-d', 'postgres', 'prepared', ...args], env);
  const unsaid = await run(gidOf('four'));
  expect([unsaid.code, unsaid.stderr]).toEqual([2, expect.stringContaining('--outcome')]);
  expect((await run(gidOf('four'), '--outcome', 'rollback')).code).toBe(2);
  expect(await isPrepared('four')).toBe(true);
  expect((await run(gidOf('four'), '--outcome', 'rollback', '--yes')).code).toBe(0);
  expect(await isPrepared('four')).toBe(false);
});

test('P on its row in the locks asks which, shows the statement, and ends it after a yes', async () => {
  await prepare('five', 5);
  const waiter = await client(db.target(), 'waiter');
  const { over } = await blocked(watcher, waiter, 'SELECT count(*) FROM t');
  const stage = new Stage(serverTarget(), {
    size: { columns: 100, rows: 30 },
    env: { XDG_STATE_HOME: join(home, 'console') },
  });
  try {
    await stage.start();
    stage.keys('3');
    await stage.seconds(
      () => text(stage).includes(`end prepared ${literal('five').slice(0, 10)}`),
      'the verdict',
    );
    expect(text(stage)).toMatch(/▶ prepared .*postgres +prepared .*gid '.*frees 1 /);
    stage.keys('P');
    const at = (step: string) =>
      until(() => openedWizard(stage.deck.state)?.phase.step === step, { what: `the wizard at ${step}` });
    await at('form');
    const form = () => openedWizard(stage.deck.state)?.form;
    expect(form()?.texts.gid?.text).toBe(gidOf('five'));
    // which of the two has no default
    expect(form()?.picked.outcome).toBeUndefined();
    stage.keys('tab', 'r');
    expect(form()?.picked.outcome).toBe('rollback');
    stage.keys('enter');
    await at('plan');
    stage.keys('enter');
    await at('confirm');
    // Enter alone is No
    stage.keys('enter');
    await at('plan');
    expect(await isPrepared('five')).toBe(true);
    stage.keys('enter');
    await at('confirm');
    stage.keys('y');
    await at('result');
    expect(await isPrepared('five')).toBe(false);
    expect(await over).toBeUndefined();
    expect(listRuns(stage.deck.journal ?? '')[0]).toMatchObject({ operation: 'prepared', status: 'done' });
  } finally {
    await stage.stop();
  }
});
