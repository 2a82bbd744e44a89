import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { OpContext } from '../../../src/ops/context.ts';
import { OpError } from '../../../src/ops/error.ts';
import { KEPT, Left, type StepIo } from '../../../src/ops/operation.ts';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf, planOf, step } from './stage.ts';

let db: TestDatabase;
const home = temporaryDirectory();
const open: OpContext[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
afterAll(() => db.drop());

function context(options: Parameters<typeof contextOf>[2] = {}): OpContext {
  const made = contextOf(db.target(), home, options);
  open.push(made);
  return made;
}

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

test('a late step that fails takes nothing back: the run is done, can be undone, and is not ok', async () => {
  const seen: string[] = [];
  const { end, run } = await carryOut(
    planOf(
      [
        step('one', async () => {}, { rollback: async () => void seen.push('-one') }),
        step('start', () => Promise.reject(new OpError('failed', 'No such unit.')), {
          always: true,
          late: true,
        }),
        step('tidy', async () => void seen.push('tidy')),
      ],
      { undo: 'undo' },
    ),
    context(),
  );
  expect(seen).toEqual(['tidy']);
  const text = 'Work: done.\nBut this failed: Step start: No such unit.';
  expect(end).toMatchObject({ ok: false, status: 'done', text, undo: `pgdeck undo ${end.run}` });
  expect(run).toMatchObject({ status: 'done', undo: `pgdeck undo ${end.run}` });
  expect(run?.events.at(-1)).toMatchObject({ type: 'end', text });
});

test('what was begun is taken back in reverse, also the step that failed; then the steps that always run', async () => {
  const seen: string[] = [];
  const note = (text: string) => async () => {
    seen.push(text);
  };
  const { events, end, run } = await carryOut(
    planOf([
      step('one', note('one'), { rollback: note('-one') }),
      step('two', note('two')),
      step(
        'three',
        async () => {
          throw new OpError('failed', 'The disk is full.', 'Make room.');
        },
        { rollback: note('-three') },
      ),
      step('four', note('four'), { rollback: note('-four') }),
      step('five', note('five'), { always: true }),
    ]),
    context(),
  );
  expect(seen).toEqual(['one', 'two', '-three', '-one', 'five']);
  expect(end).toMatchObject({
    ok: false,
    status: 'failed',
    text: 'Step three: The disk is full. Make room.',
    undo: null,
  });
  expect(events.filter((event) => event.type === 'rollback')).toMatchObject([
    { step: 2, ok: true },
    { step: 0, ok: true },
  ]);
  expect(run).toMatchObject({ status: 'failed', undo: null });
});

test('what cannot be taken back is said, with the way, and the rest is taken back all the same', async () => {
  const seen: string[] = [];
  const { end, run } = await carryOut(
    planOf([
      step('one', async () => {}, { rollback: async () => void seen.push('-one') }),
      step('two', () => Promise.reject(new OpError('failed', 'No.')), {
        rollback: () => Promise.reject(new OpError('failed', 'The server is gone.')),
      }),
    ]),
    context(),
  );
  expect(seen).toEqual(['-one']);
  expect(end.text).toBe(
    'Step two: No.\nNot taken back: Step two: The server is gone. To try again: pgdeck recover',
  );
  expect(run?.events.find((event) => event.type === 'rollback')).toMatchObject({ step: 1, ok: false });
});

test('a step that always runs does not when nothing was begun', async () => {
  const seen: string[] = [];
  const note = (text: string) => async () => void seen.push(text);
  const signal = AbortSignal.abort();
  const plan = planOf([step('stop', note('stop')), step('start', note('start'), { always: true })]);
  const { end } = await carryOut(plan, context(), { signal });
  expect([seen, end.status]).toEqual([[], 'cancelled']);
});

test('read-only mode refuses what changes the server, and nothing else', async () => {
  const seen: string[] = [];
  const plan = planOf([step('one', async () => void seen.push('one'))]);
  const refused = await carryOut(plan, context({ readOnly: true }));
  expect(refused.events).toHaveLength(1);
  expect(refused.end).toMatchObject({
    ok: false,
    status: 'refused',
    text: expect.stringContaining('read-only'),
  });
  expect([seen, refused.run]).toEqual([[], undefined]);
  expect((await carryOut({ ...plan, writes: false }, context({ readOnly: true }))).end.ok).toBe(true);
  expect(seen).toEqual(['one']);
});

test('a read-only session writes nothing, whatever a step tries', async () => {
  const plan = planOf(
    [step('one', async (io) => void (await (await io.connect()).sql('CREATE TABLE public.sneaky (a int)')))],
    { writes: false },
  );
  const { end } = await carryOut(plan, context({ readOnly: true }));
  expect(end).toMatchObject({ status: 'failed', text: expect.stringContaining('read-only transaction') });
});

test('a blocked check refuses the run and says which, a warning does not', async () => {
  const warn = { title: 'Disk', status: 'warn', detail: 'is getting full' } as const;
  const block = { title: 'Client programs', status: 'block', detail: 'pg_dump is missing.' } as const;
  const plan = planOf([step('one', async () => {})], { checks: [warn, block] });
  const { end, run } = await carryOut(plan, context());
  expect(end).toMatchObject({ status: 'refused', text: 'Client programs: pg_dump is missing.' });
  expect(run).toBeUndefined();
  expect((await carryOut({ ...plan, checks: [warn] }, context())).end.status).toBe('done');
});

test('one run per server, database and family at a time', async () => {
  const lock = { family: 'restore', database: db.database };
  const { promise: inside, resolve: enter } = Promise.withResolvers<void>();
  const { promise: leave, resolve: go } = Promise.withResolvers<void>();
  const first = carryOut(
    planOf(
      [
        step('hold', async () => {
          enter();
          await leave;
        }),
      ],
      { locks: [lock] },
    ),
    context(),
  );
  await inside;
  const other = planOf([step('one', async () => {})]);
  const second = await carryOut({ ...other, locks: [lock] }, context());
  expect(second.end).toMatchObject({
    status: 'refused',
    text: expect.stringContaining(`Another restore of ${db.database} is running.`),
  });
  expect((await carryOut({ ...other, locks: [{ ...lock, family: 'backup' }] }, context())).end.ok).toBe(true);
  go();
  expect((await first).end.ok).toBe(true);
  expect((await carryOut({ ...other, locks: [lock] }, context())).end.ok).toBe(true);
});

test('a server that cannot be reached refuses the run as such', async () => {
  const nowhere = contextOf({ ...db.target(), host: '/nowhere' }, home);
  const lock = { family: 'backup', database: 'shop' };
  const { end } = await carryOut(planOf([step('one', async () => {})], { locks: [lock] }), nowhere);
  expect(end).toMatchObject({ status: 'refused', unreachable: true });
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
  const admin = await client({ ...serverTarget(), database: db.database }, 'looking');
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
  const { runPlan } = await import('../../../src/ops/run/runner.ts');
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

test('a step that nothing needs may fail: the others are done, and the run has failed at its end', async () => {
  const seen: string[] = [];
  const alone = { independent: true };
  const { end, run } = await carryOut(
    planOf([
      step('one', async () => Promise.reject(new OpError('failed', 'The first broke.')), alone),
      step('two', async () => void seen.push('two'), alone),
      step('three', async () => Promise.reject(new OpError('failed', 'The third broke.')), alone),
      step('needed', async () => Promise.reject(new OpError('failed', 'This was needed.'))),
      step('never', async () => void seen.push('never'), alone),
      step('always', async () => void seen.push('always'), { always: true }),
    ]),
    context(),
  );
  expect(seen).toEqual(['two', 'always']);
  expect(end.status).toBe('failed');
  expect(end.text).toBe(
    'Step one: The first broke.\nStep three: The third broke.\nStep needed: This was needed.',
  );
  expect(run?.status).toBe('failed');
});

test('where the server is gone, a step that nothing needs ends the run too', async () => {
  const seen: string[] = [];
  const alone = { independent: true };
  const { end } = await carryOut(
    planOf([
      step(
        'gone',
        async (io) => {
          await (await io.connect()).sql('SELECT pg_terminate_backend(pg_backend_pid())');
        },
        alone,
      ),
      step('never', async () => void seen.push('never'), alone),
    ]),
    context(),
  );
  expect(end.status).toBe('failed');
  expect(seen).toEqual([]);
});

test('what is left for a person to decide about is told with its own next step', async () => {
  const left = new Left('Half is done. Mend it with: pgdeck mend 1');
  const { events, end } = await carryOut(
    planOf([step('one', () => Promise.reject(new OpError('failed', 'No.')), { rollback: async () => left })]),
    context(),
  );
  expect(end.text).toBe(`Step one: No.\nNot taken back: Step one: ${left.sentence}`);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'rollback', ok: false, text: left.sentence }),
  );
});

test('a step whose work stays when a later one fails is not said to be taken back', async () => {
  const { events, end } = await carryOut(
    planOf([
      step('one', async () => {}, { rollback: async () => KEPT }),
      step('two', () => Promise.reject(new OpError('failed', 'It broke.'))),
    ]),
    context(),
  );
  expect(end).toMatchObject({ status: 'failed' });
  expect(events.filter((event) => event.type === 'rollback')).toEqual([]);
});
