import { expect, test } from 'vitest';
import { KEPT, Left } from '../../../../../src/ops/engine/plan.ts';
import { OpError } from '../../../../../src/ops/error.ts';
import { contexts } from '../../../../ops/engine/run/contexts.ts';
import { carryOut, planOf, step } from '../../../../ops/engine/run/stage.ts';

const { context } = contexts();

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

test('what was begun is rolled back in reverse, also the step that failed; then the steps that always run', async () => {
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

test('what cannot be rolled back is said, with the way, and the rest is rolled back all the same', async () => {
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
    'Step two: No.\nNot rolled back: Step two: The server is gone. To try again: pgdeck recover',
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

test('a step whose work stays when a later one fails is not said to be rolled back', async () => {
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

test('what is left for a person to decide about is told with its own next step', async () => {
  const left = new Left('Half is done. Repair it with: pgdeck mend 1');
  const { events, end } = await carryOut(
    planOf([step('one', () => Promise.reject(new OpError('failed', 'No.')), { rollback: async () => left })]),
    context(),
  );
  expect(end.text).toBe(`Step one: No.\nNot rolled back: Step one: ${left.sentence}`);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'rollback', ok: false, text: left.sentence }),
  );
});

test('the plan says what state a failure leaves, when everything was rolled back', async () => {
  const seen: string[] = [];
  const plan = planOf(
    [
      step('one', async () => {}, { rollback: async () => void seen.push('-one') }),
      step('two', () => Promise.reject(new OpError('failed', 'It broke.')), {
        rollback: () => Promise.reject(new OpError('failed', 'No.')),
      }),
    ],
    {
      leaves: ({ done, takenBack }) =>
        `${[...done].join()} was done, ${takenBack ? 'all' : 'not all'} rolled back after ${seen.join()}.`,
    },
  );
  const { end, run } = await carryOut(plan, context());
  expect(end.text.split('\n').at(-1)).toBe('one was done, not all rolled back after -one.');
  expect(run?.events.at(-1)?.text).toBe(end.text);
  const done = await carryOut({ ...plan, steps: [plan.steps[0] as (typeof plan.steps)[0]] }, context());
  expect(done.end.text).toBe('Work: done.');
});

test('what a later step has settled stays, and is not said to be rolled back', async () => {
  const seen: string[] = [];
  const { events } = await carryOut(
    planOf([
      step('write', async () => {}, { rollback: async () => void seen.push('-write') }),
      step('publish', async () => {}, { settles: ['write'] }),
      step('other', async () => {}, { rollback: async () => void seen.push('-other') }),
      step('fails', () => Promise.reject(new OpError('failed', 'It broke.'))),
    ]),
    context(),
  );
  expect(seen).toEqual(['-other']);
  expect(events.filter((event) => event.type === 'rollback')).toMatchObject([{ step: 2 }]);
});

test('a step that waits for a lock says for whom', async () => {
  const here = context();
  const holder = await here.open('test-holder');
  await holder.sql('SELECT pg_advisory_lock(4711)');
  try {
    const { end, events } = await carryOut(
      planOf([
        step('wait', async (io) => void (await (await io.connect()).sql('SELECT pg_advisory_lock(4711)')), {
          waits: true,
        }),
      ]),
      here,
      {
        onEvent: (event) => {
          if (event.type === 'line' && event.text.startsWith('Waits for')) void holder.close();
        },
      },
    );
    expect(end.ok).toBe(true);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'line',
        text: expect.stringMatching(
          new RegExp(`^Waits for session ${holder.pid} \\(.*test-holder.*pgdeck terminate ${holder.pid}`),
        ),
      }),
    );
  } finally {
    await holder.close();
  }
});
