import { expect, test } from 'vitest';
import type { StepIo } from '../../../../src/ops/engine/plan.ts';
import { client, serverTarget } from '../../../support/cluster.ts';
import { contexts } from './contexts.ts';
import { carryOut, planOf, step } from './stage.ts';

const { database, context } = contexts();

test('steps run in order, each in the journal before it starts and after it ends', async () => {
  const seen: string[] = [];
  const here = context();
  const { events, end, run } = await carryOut(
    planOf(
      [
        step('one', async (io) => {
          seen.push(`one ${io.applicationName === `pgdeck:${io.run}`}`);
          io.line('said');
          io.record({ a: 1, b: 1 });
          io.progress({ label: 'rows', done: 1, of: 2, unit: 'rows' });
        }),
        step('two', async (io) => {
          seen.push('two');
          io.record({ b: 2 });
          io.result({ title: 'Result', columns: ['x'], rows: [['1']] });
        }),
      ],
      { undo: 'undo' },
    ),
    here,
  );
  expect(seen).toEqual(['one true', 'two']);
  expect(events.map((event) => event.type)).toEqual([
    'begin',
    'start',
    'line',
    'progress',
    'finish',
    'start',
    'result',
    'finish',
    'end',
  ]);
  expect(end).toMatchObject({
    ok: true,
    status: 'done',
    text: 'Work: done.',
    undo: `pgdeck undo ${end.run}`,
  });
  expect(run).toMatchObject({
    status: 'done',
    undo: `pgdeck undo ${end.run}`,
    facts: { a: 1, b: 2 },
    steps: [{ id: 'one', title: 'Step one', preview: 'do one' }, { id: 'two' }],
  });
  expect(run?.events.map((event) => `${event.type} ${event.step ?? ''}`.trim())).toEqual([
    'start 0',
    'line 0',
    'record 0',
    'finish 0',
    'start 1',
    'record 1',
    'result 1',
    'finish 1',
    'end',
  ]);
});

test('sessions of a run bear its name, have no timeouts, and are closed with it', async () => {
  let pid = 0;
  let settings: Record<string, unknown> | undefined;
  const { end } = await carryOut(
    planOf([
      step('one', async (io) => {
        const session = await io.connect();
        pid = session.pid;
        [settings] = await session.sql(
          `SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS statement,
             current_setting('idle_in_transaction_session_timeout') AS idle`,
        );
      }),
    ]),
    context(),
  );
  expect(settings).toEqual({ name: `pgdeck:${end.run}`, statement: '0', idle: '0' });
  const admin = await client({ ...serverTarget(), database: database().database }, 'looking');
  expect(await admin.sql('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])).toEqual([]);
});

test('a program that fails is an error with what it said, one that is missing says how to get it', async () => {
  const failing = (run: (io: StepIo) => Promise<unknown>) =>
    carryOut(planOf([step('one', async (io) => void (await run(io)))]), context());
  const said = await failing((io) => io.exec('sh', ['-c', 'echo out; echo why >&2; exit 3']));
  expect(said.end.text).toBe('Step one: sh failed with exit code 3:\nwhy');
  expect(said.events).toContainEqual(expect.objectContaining({ type: 'line', text: 'out', from: 'stdout' }));
  expect((await failing((io) => io.exec('sh', ['-c', 'exit 3'], { accept: [3] }))).end.ok).toBe(true);
  expect((await failing((io) => io.exec('no-such-program', []))).end.text).toMatch(
    /no-such-program was not found/,
  );
});

test('who stops reading cancels the run', async () => {
  const { runPlan } = await import('../../../../src/ops/engine/run/runner.ts');
  let aborted = false;
  const plan = planOf([
    step('one', async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted = true;
    }),
  ]);
  for await (const event of runPlan(plan, context())) if (event.type === 'start') break;
  expect(aborted).toBe(true);
});
