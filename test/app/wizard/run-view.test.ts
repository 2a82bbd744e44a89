import { expect, test } from 'vitest';
import { ACTIONS } from '../../../src/app/actions/registry.ts';
import { runLines } from '../../../src/app/wizard/lines/run.ts';
import { afterEvents, beginRun } from '../../../src/app/wizard/run-view.ts';
import type { OpEvent, Plan, Progress } from '../../../src/ops/engine/plan.ts';
import { lineText } from '../../../src/text/line.ts';

const steps = ['dump', 'verify'].map((id) => ({ id, title: id, preview: '', run: async () => {} }));
const plan: Plan = {
  operation: 'work',
  title: 'Work',
  subject: 'shop',
  danger: 'none',
  writes: false,
  server: 'here',
  input: {},
  facts: [],
  checks: [],
  leaves: () => undefined,
  reaches: () => 'shop is painted.',
  steps,
};

const progress = (at: number, change: Partial<Progress>): OpEvent => ({
  at,
  type: 'progress',
  step: 0,
  label: 'data',
  done: 0,
  unit: 'bytes',
  ...change,
});

const text = (events: readonly OpEvent[], at: number, columns = 100) => {
  const run = afterEvents(
    beginRun(plan, 0),
    [{ at: 0, type: 'start', step: 0, id: 'dump', title: 'dump' }, ...events],
    at,
  );
  return runLines({ actions: ACTIONS, ascii: false }, run, undefined, { columns, rows: 20 })
    .lines.map(lineText)
    .join('\n');
};

test('a bar and a percentage only where it is known how much there is; a guess is called one', () => {
  const megabytes = (n: number) => n * 1024 * 1024;
  const known = text(
    [progress(0, { of: megabytes(100) }), progress(5000, { done: megabytes(25), of: megabytes(100) })],
    5000,
  );
  expect(known).toMatch(/█████░+ data 25% \(25 MB of 100 MB\), 5\.0 MB\/s, 15s left/);
  expect(known).not.toContain('estimate');
  const unknown = text([progress(0, {}), progress(5000, { done: megabytes(25) })], 5000);
  expect(unknown).toContain('data 25 MB, 5.0 MB/s');
  expect(unknown).not.toMatch(/[█%]/);
  const guess = text([progress(1, { done: megabytes(120), of: megabytes(100), estimate: true })], 5000);
  expect(guess).toMatch(/~99%.*estimate/);
});

test('a text that has no room beside the bar stands there without it', () => {
  const waits = { label: 'public.audit_log_detail_idx', phase: 'waiting for old snapshots', of: 4, done: 1 };
  const shown = (columns: number) => text([progress(0, waits)], 0, columns);
  expect(shown(120)).toMatch(/█████░+ public\.audit_log_detail_idx waiting for old snapshots 25%/);
  expect(shown(80)).toMatch(/^ {6}public\.audit_log_detail_idx waiting for old snapshots 25% \(/m);
  expect(shown(80)).not.toContain('█');
});

test('another phase begins its rate anew', () => {
  const shown = text(
    [
      progress(0, { phase: 'scan' }),
      progress(9000, { phase: 'scan', done: 9e6 }),
      progress(9100, { phase: 'sort', done: 9.1e6 }),
    ],
    9100,
  );
  expect(shown).toContain('data sort 8.7 MB');
  expect(shown).not.toContain('/s');
});

test('steps have a mark, a word where it did not go well, and their time', () => {
  const shown = text(
    [
      { at: 100, type: 'finish', step: 0, ok: false, ms: 1500, text: 'no' },
      { at: 200, type: 'rollback', step: 0, ok: false, text: 'the server is gone' },
    ],
    300,
  );
  expect(shown).toMatch(/✗ dump {2}NOT rolled back {2}1\.5s/);
  expect(shown).toMatch(/· verify/);
});

test('a run that waits says for whom, for how long, and when it gives up', () => {
  const waits = (at: number, who: string | null, until?: number): OpEvent => ({
    ...{ at, type: 'waits', step: 0, who },
    ...(until !== undefined && { until }),
  });
  const who = 'session 4711 (postgres, psql)';
  // who it is may be told again with another age: it has waited since the first time
  const events = [waits(1_000, who, 60_000), waits(8_000, who, 60_000)];
  expect(text(events, 20_000)).toContain(`WAITS for ${who}: 19s so far, gives up in 40s`);
  expect(text([waits(1_000, who)], 20_000)).toMatch(/: 19s so far$/m);
  expect(text([...events, waits(9_000, null)], 20_000)).not.toContain('WAITS');
});
