import { describe, expect, test, vi } from 'vitest';
import { exitReport } from '../../../src/app/report.ts';
import { headerLines } from '../../../src/app/screen/header.ts';
import { openWizard } from '../../../src/app/wizard/flow.ts';
import { wizardLayout } from '../../../src/app/wizard/lines/layout.ts';
import { LINES_KEPT } from '../../../src/app/wizard/run-view.ts';
import { updateWizard } from '../../../src/app/wizard/state.ts';
import { listRuns } from '../../../src/ops/engine/journal/runs.ts';
import { lineText } from '../../../src/text/line.ts';
import { Receiver } from '../../notify/receiver.ts';
import { until } from '../../support/until.ts';
import { script, untilCancelled } from './stage.ts';
import { wizards } from './wizards.ts';

const { made, planned } = wizards();

describe('the run', () => {
  test('is in the journal, in the message log and in the report on exit', async () => {
    const stage = await planned(script());
    stage.keys('enter');
    const { run } = await stage.at('result');
    expect(listRuns(stage.deck.journal ?? '')[0]).toMatchObject({ id: run.run, status: 'done' });
    expect(stage.deck.state.log.map(({ text }) => text).join()).toContain('Paint shop: done');
    expect(exitReport(stage.deck)).toMatch(
      new RegExp(
        `Paint shop: done\\. To undo it: pgdeck -h \\S+ -p \\d+ -U postgres -d \\S+ undo ${run.run}`,
      ),
    );
    stage.keys('enter');
    expect(stage.deck.state).toMatchObject({ overlay: undefined, wizards: [] });
  });

  test('a plan that was made and asked about while it was armed is not run once its time is over', async () => {
    const played = script({ danger: 'confirm' });
    const stage = await made(played, { readOnly: true }).start();
    stage.keys('W');
    stage.type('shop');
    stage.keys('enter');
    await stage.plan();
    stage.keys('enter');
    await stage.at('confirm');
    // a machine that has slept: no tick of the clock has told yet
    const woken = stage.deck.ports.wallClock() + 600_000;
    Object.assign(stage.deck.ports, { wallClock: () => woken });
    stage.keys('y');
    const { run } = await stage.at('result');
    expect(run.end).toMatchObject({ status: 'refused', text: expect.stringContaining('read-only mode') });
    expect(played.happened).toEqual([]);
  });

  test('a failure is told with its step, and what was begun is rolled back', async () => {
    const played = script({ work: () => Promise.reject(new Error('no paint left')) });
    const stage = await planned(played);
    stage.keys('enter');
    const { run } = await stage.at('result');
    expect(played.happened).toEqual(['first', 'second', 'second rolled back']);
    expect(run.steps.map(({ state }) => state)).toEqual(['done', 'rolled back', 'waiting']);
    expect(stage.text).toContain('FAILED');
    expect(stage.text).toContain('no paint left');
    expect(exitReport(stage.deck)).toContain('no paint left');
  });

  test('who is told outside hears of the end, and who refuses is named in the message log', async () => {
    const receiver = await new Receiver().up();
    receiver.answer = (_request, response) => response.writeHead(404).end();
    const stage = await planned(script());
    Object.assign(stage.deck.resolved.notify, {
      webhooks: [receiver.url('/s3cret').href],
      long_run_minutes: 0,
    });
    stage.keys('enter');
    await stage.at('result');
    const log = () => stage.deck.state.log.map(({ text }) => text).join('\n');
    await until(() => log().includes('Not told outside: http://127.0.0.1/… answered 404.'), {
      what: 'the refusal',
    });
    expect(receiver.texts).toEqual([expect.stringMatching(/^Paint shop: done after/)]);
    expect(log()).not.toContain('s3cret');
    await receiver.down();
  });

  test('however much a program says, the state of the data and the next step are on the first screen', async () => {
    const said = Array.from({ length: 30 }, (_, at) => `pg_restore: line ${at}`).join('\n');
    const stage = await planned(script({ work: () => Promise.reject(new Error(said)) }));
    stage.keys('enter');
    await stage.at('result');
    const first = stage.text.split('\n').slice(0, 16).join('\n');
    expect(first).toMatch(
      /FAILED +Step second: pg_restore: line 0[\s\S]*line 29 *\n Data +\S[\s\S]*\n Next +r plans/,
    );
    expect(first).not.toContain('line 15');
    stage.keys('pgdn');
    expect(stage.text).toContain('pg_restore: line 15');
  });

  test('Esc asks, and goes on unless told otherwise; y cancels, with what that leaves behind said', async () => {
    const played = script({ work: untilCancelled });
    const stage = await planned(played);
    stage.keys('enter');
    await until(() => stage.text.includes('1 of 3 steps'), { what: 'the second step' });
    stage.keys('esc');
    expect(stage.text).toContain('It keeps running until you answer.');
    expect(stage.text).toContain('Keeps what it has done so far: Step first');
    expect(stage.text).toContain('Will be rolled back: Step second');
    stage.keys('enter');
    expect(stage.wizard.phase).toMatchObject({ step: 'run', asked: undefined });
    stage.keys('esc', 'y');
    const { run } = await stage.at('result');
    expect(run.end?.status).toBe('cancelled');
    expect(played.happened).toEqual(['first', 'second', 'second rolled back']);
  });

  test('what is one transaction is said to be rolled back when it is stopped, and what is none to stay', async () => {
    const stage = await planned(script({ work: untilCancelled }));
    const { plan, ...phase } = await stage.at('plan');
    const steps = plan.steps.map((step, at) => ({ ...step, atomic: at > 0 }));
    updateWizard(stage.deck, stage.wizard.id, { phase: { ...phase, plan: { ...plan, steps } } });
    stage.keys('enter');
    await until(() => stage.text.includes('1 of 3 steps'), { what: 'the second step' });
    stage.keys('esc');
    expect(stage.text).toMatch(
      /Will be rolled back: Step second\.\s+Keeps what it has done so far: Step first\./,
    );
    stage.keys('enter');
    const half = plan.steps.map((step) => ({ ...step, atomic: false }));
    const { phase: now } = stage.wizard;
    if (now.step === 'run')
      updateWizard(stage.deck, stage.wizard.id, { phase: { ...now, plan: { ...plan, steps: half } } });
    stage.keys('esc');
    expect(stage.text).toContain('Keeps what it has done so far: Step first, Step second.');
    stage.keys('y');
    await stage.at('result');
  });

  test('^C asks too, from any screen; a second one within 3 s cancels, and none of them quits', async () => {
    const stage = await planned(script({ work: untilCancelled }));
    stage.keys('enter');
    await stage.at('run');
    stage.keys('l', '2', '^C');
    expect(stage.text).toContain('Stop it: Paint shop?');
    stage.watching.clock.advance(4_000);
    stage.keys('n', '^C');
    expect(stage.text).toContain('Stop it: Paint shop?');
    stage.keys('^C');
    await stage.at('result');
    expect(stage.exits).toBe(0);
  });

  test('it can be left, goes on, and is found again by its row among the operations', async () => {
    let finish = () => {};
    const played = script({ work: () => new Promise<void>((resolve) => (finish = resolve)) });
    const stage = await planned(played);
    stage.keys('enter');
    await until(() => played.happened.includes('second'), { what: 'the second step' });
    stage.keys('l');
    expect(stage.deck.state.overlay).toBeUndefined();
    expect(headerLines(stage.deck, 120, 2).map(lineText).join()).toContain('1 running (8)');
    stage.keys('8');
    await stage.seconds(() => stage.deck.model.runs[0]?.status === 'running', 'the row');
    stage.keys('enter');
    expect(stage.wizard.phase.step).toBe('run');
    stage.keys('l', '2');
    finish();
    await until(() => stage.deck.state.toast?.text.includes('Paint shop: done'), { what: 'the message' });
    stage.keys('8');
    await stage.seconds(() => stage.deck.model.runs[0]?.status === 'done', 'the row');
    stage.keys('enter');
    expect(stage.wizard.phase.step).toBe('result');
    stage.keys('enter', 'enter');
    const detail = stage
      .overlay('detail')
      .extra?.map(({ title }) => title)
      .join();
    expect(detail).toContain('1. Step first: done');
    expect(detail).toContain('Painted');
  });

  test('quitting asks first; the answer is No, and Yes cancels and rolls back', async () => {
    const played = script({ work: untilCancelled });
    const stage = await planned(played);
    stage.keys('enter');
    await until(() => played.happened.includes('second'), { what: 'the second step' });
    stage.keys('l', 'q', 'enter');
    expect(stage.exits).toBe(0);
    stage.keys('q', 'y');
    expect(stage.exits).toBe(1);
    await stage.stop();
    expect(played.happened).toContain('second rolled back');
    expect(exitReport(stage.deck)).toContain('cancelled');
  });

  test('output: the newest lines follow until somebody scrolls up, and only so many are kept', async () => {
    let finish = () => {};
    const lines = LINES_KEPT + 500;
    const stage = await planned(
      script({
        work: async (io) => {
          for (let i = 1; i <= lines; i++) io.line(`line ${i} 库存`);
          io.progress({ label: 'data', done: 3, unit: 'rows' });
          io.progress({ label: 'index', done: 1, of: 4, unit: 'items', estimate: true });
          await new Promise<void>((resolve) => (finish = resolve));
        },
      }),
    );
    const set = vi.spyOn(stage.deck.store, 'set');
    stage.keys('enter');
    await until(() => stage.text.includes(`line ${lines} `), { what: 'the last line' });
    // thousands of lines are a few changes of the screen
    expect(set.mock.calls.length).toBeLessThan(30);
    expect(stage.text).toMatch(/index ~25%/);
    expect(stage.text).not.toMatch(/data .*%/);
    stage.keys('pgup');
    expect(stage.text).not.toContain(`line ${lines} `);
    const seen = stage.text.match(/line \d+/g);
    stage.keys('end');
    expect(stage.text).toContain(`line ${lines} `);
    stage.keys('home');
    expect(stage.text).toContain(`line ${lines - LINES_KEPT + 1 + 1} `);
    expect(seen?.length).toBeGreaterThan(3);
    finish();
    await stage.at('result');
  });
});

test('every phase has exactly its size, at every size', async () => {
  const checks = [
    { title: 'Room', status: 'ok', detail: '9 GB are free' },
    { title: '库存', status: 'warn', detail: `newer than the server: ${'很长的句子 '.repeat(30)}` },
  ] as const;
  const stage = await planned(
    script({
      danger: 'type-name',
      subject: '库存',
      consequence: 'It is lost. '.repeat(20),
      checks: [...checks],
      work: untilCancelled,
    }),
  );
  const { deck } = stage;
  const check = () => {
    for (const [columns, rows] of [
      [40, 7],
      [60, 14],
      [80, 20],
      [120, 36],
    ] as const)
      for (const scroll of [0, 3, 9, 1000]) {
        const { head, body, bodyRows, foot } = wizardLayout(
          deck,
          { ...stage.wizard, scroll },
          { columns, rows },
        );
        expect(head.length + bodyRows + foot.length).toBe(rows);
        expect(body.reduce((sum, block) => sum + block.height, 0)).toBeLessThanOrEqual(bodyRows);
      }
  };
  check();
  stage.keys('enter');
  check();
  stage.type('库存');
  stage.keys('enter');
  await stage.at('run');
  check();
  stage.keys('esc');
  check();
  stage.keys('y');
  await stage.at('result');
  check();
  openWizard(deck, stage.entry);
  await stage.at('form');
  check();
});
