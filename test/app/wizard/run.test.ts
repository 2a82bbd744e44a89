import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { footerLine } from '../../../src/app/lines/footer.ts';
import { headerLines } from '../../../src/app/lines/header.ts';
import { exitReport } from '../../../src/app/report.ts';
import { openWizard } from '../../../src/app/wizard/flow.ts';
import { wizardLayout } from '../../../src/app/wizard/lines/layout.ts';
import { LINES_KEPT } from '../../../src/app/wizard/run-view.ts';
import { listRuns } from '../../../src/ops/journal/runs.ts';
import { lineText } from '../../../src/text/line.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { type Script, script, untilCancelled, WizardStage } from './stage.ts';

const state = temporaryDirectory();
let db: TestDatabase;
const stages: WizardStage[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.stop()));
});
afterAll(() => db?.drop());

/** A journal of its own. */
const journal = () => ({ XDG_STATE_HOME: join(state, randomUUID()) });

async function planned(played: Script, options = {}): Promise<WizardStage> {
  const stage = new WizardStage(db.target(), played, { env: journal(), ...options });
  stages.push(stage);
  await stage.start();
  await stage.plan();
  return stage;
}

const footer = ({ deck }: WizardStage) => lineText(footerLine(deck, 200));

describe('the plan', () => {
  test('shows facts, checks, tables, the exact SQL and the command, which y copies', async () => {
    const stage = await planned(
      script({
        checks: [
          { title: 'Room', status: 'ok', detail: '9 GB are free' },
          { title: 'Version', status: 'warn', detail: 'newer than the server: use 15' },
        ],
      }),
    );
    for (const part of [
      '7 MB of 库存',
      '9 GB are free',
      '1 to know of',
      'Largest tables',
      "SELECT 'second'",
      'nobody waits',
    ])
      expect(stage.text).toContain(part);
    stage.keys('y');
    expect(stage.copied).toEqual([expect.stringMatching(/^pgdeck paint shop -h \S+ -p \d+ -U \S+ -d \S+$/)]);
    expect(stage.wizard.phase.step).toBe('plan');
  });

  test.each([
    ['none', 'run it'],
    ['confirm', 'confirm'],
    ['type-name', 'type its name'],
  ] as const)('that asks for %s says so at its foot', async (danger, word) => {
    const stage = await planned(script({ danger }));
    expect(footer(stage)).toContain(`Enter ${word}  `);
  });

  test('with a blocked check only goes back, and says why', async () => {
    const played = script({
      checks: [{ title: 'Programs', status: 'block', detail: 'pg_dump is missing: apt install it' }],
    });
    const stage = await planned(played);
    expect(stage.text).toContain('It cannot run. Programs: pg_dump is missing: apt install it');
    expect(footer(stage)).not.toContain('Enter');
    stage.keys('enter', 'enter');
    expect(stage.deck.state.toast?.text).toContain('Programs');
    expect(stage.wizard.phase.step).toBe('plan');
    expect(played.happened).toEqual([]);
  });

  test('that is not there yet cannot be gone on with: what is typed ahead does nothing', async () => {
    const played = script({ danger: 'confirm' });
    const stage = new WizardStage(db.target(), played, { env: journal() });
    stages.push(stage);
    await stage.start();
    await stage.form();
    stage.type('shop');
    stage.keys('enter', 'enter', 'y', 'enter');
    await stage.at('plan');
    expect(played.happened).toEqual([]);
  });

  test('a server that cannot be reached is said in a sentence', async () => {
    const stage = new WizardStage({ ...db.target(), database: 'missing' }, script(), { env: journal() });
    stages.push(stage);
    await stage.form();
    stage.type('shop');
    stage.keys('enter');
    const { reason } = await stage.at('failed');
    expect(reason).toContain('missing');
    stage.keys('enter');
    expect(stage.wizard.phase.step).toBe('failed');
    stage.keys('esc');
    expect(stage.wizard.phase.step).toBe('form');
  });
});

describe('the question', () => {
  test('danger none: Enter runs', async () => {
    const played = script();
    const stage = await planned(played);
    stage.keys('enter');
    const { run } = await stage.at('result');
    expect(played.happened).toEqual(['first', 'second', 'third']);
    expect(run.end).toMatchObject({ status: 'done', undo: `pgdeck undo ${run.run}` });
    expect(stage.text).toContain(`To undo it: pgdeck undo ${run.run}`);
    expect(stage.text).toMatch(/库存 +2/);
  });

  test('a yes: No until somebody says otherwise, and what it costs is said', async () => {
    const played = script({ danger: 'confirm', consequence: 'Everybody is thrown out.' });
    const stage = await planned(played);
    for (const answer of ['enter', 'n', 'esc']) {
      stage.keys('enter');
      expect(stage.wizard.phase.step).toBe('confirm');
      expect(stage.text).toContain('Everybody is thrown out.');
      stage.keys(answer);
      expect(stage.wizard.phase.step).toBe('plan');
    }
    expect(played.happened).toEqual([]);
    stage.keys('enter', 'y');
    await stage.at('result');
    expect(played.happened).toContain('third');
  });

  test('the name, exactly: Enter alone never runs it, nor does almost the name; a paste works', async () => {
    const played = script({ danger: 'type-name', subject: '库存 Shop' });
    const stage = await planned(played);
    stage.keys('enter', 'enter', 'y');
    stage.keys('^U', 'enter');
    for (const wrong of ['库存 shop', '库存 Shop ', '库存']) {
      stage.type(wrong);
      stage.keys('enter', '^U');
      expect(stage.wizard.phase.step).toBe('confirm');
    }
    expect(played.happened).toEqual([]);
    stage.deck.paste('库存 Shop\n');
    expect(stage.wizard.phase.step).toBe('confirm');
    stage.keys('enter');
    await stage.at('result');
    expect(played.happened).toContain('third');
  });

  test('read-only: the plan is shown, and does not run', async () => {
    const played = script();
    const stage = await planned(played, { readOnly: true });
    stage.keys('enter');
    expect(stage.deck.state.toast?.text).toContain('read-only');
    expect(stage.text).toContain('read-only');
    expect(played.happened).toEqual([]);
  });
});

describe('the run', () => {
  test('is in the journal, in the message log and in the report on exit', async () => {
    const stage = await planned(script());
    stage.keys('enter');
    const { run } = await stage.at('result');
    expect(listRuns(stage.deck.journal ?? '')[0]).toMatchObject({ id: run.run, status: 'done' });
    expect(stage.deck.state.log.map(({ text }) => text).join()).toContain('Paint shop: done');
    expect(exitReport(stage.deck)).toContain(`Paint shop: done. To undo it: pgdeck undo ${run.run}`);
    stage.keys('enter');
    expect(stage.deck.state).toMatchObject({ overlay: undefined, wizards: [] });
  });

  test('a failure is told with its step, and what was begun is taken back', async () => {
    const played = script({ work: () => Promise.reject(new Error('no paint left')) });
    const stage = await planned(played);
    stage.keys('enter');
    const { run } = await stage.at('result');
    expect(played.happened).toEqual(['first', 'second', 'second taken back']);
    expect(run.steps.map(({ state }) => state)).toEqual(['done', 'taken back', 'waiting']);
    expect(stage.text).toContain('FAILED');
    expect(stage.text).toContain('no paint left');
    expect(exitReport(stage.deck)).toContain('no paint left');
  });

  test('Esc asks, and goes on unless told otherwise; y cancels, with what that leaves behind said', async () => {
    const played = script({ work: untilCancelled });
    const stage = await planned(played);
    stage.keys('enter');
    await until(() => stage.text.includes('1 of 3 steps'), { what: 'the second step' });
    stage.keys('esc');
    expect(stage.text).toContain('Ended where it is, with nothing to take back: Step first');
    expect(stage.text).toContain('Taken back: Step second');
    stage.keys('enter');
    expect(stage.wizard.phase).toMatchObject({ step: 'run', asked: undefined });
    stage.keys('esc', 'y');
    const { run } = await stage.at('result');
    expect(run.end?.status).toBe('cancelled');
    expect(played.happened).toEqual(['first', 'second', 'second taken back']);
  });

  test('^C asks too, from any screen; a second one within 3 s cancels, and none of them quits', async () => {
    const stage = await planned(script({ work: untilCancelled }));
    stage.keys('enter');
    await stage.at('run');
    stage.keys('l', '2', '^C');
    expect(stage.text).toContain('Cancel it?');
    stage.watching.clock.advance(4_000);
    stage.keys('n', '^C');
    expect(stage.text).toContain('Cancel it?');
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

  test('quitting asks first; the answer is No, and Yes cancels and takes back', async () => {
    const played = script({ work: untilCancelled });
    const stage = await planned(played);
    stage.keys('enter');
    await until(() => played.happened.includes('second'), { what: 'the second step' });
    stage.keys('l', 'q', 'enter');
    expect(stage.exits).toBe(0);
    stage.keys('q', 'y');
    expect(stage.exits).toBe(1);
    await stage.stop();
    expect(played.happened).toContain('second taken back');
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
