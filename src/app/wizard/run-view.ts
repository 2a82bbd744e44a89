import type { LineSource, OpEvent, Plan, Progress, ResultTable } from '../../ops/engine/plan.ts';
import { Pace } from '../../text/progress.ts';

/** The output kept for the screen; the journal has all of it. */
export const LINES_KEPT = 2000;

export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'rolled back' | 'not rolled back';

export interface StepView {
  readonly title: string;
  readonly state: StepState;
  /** Ms since 1970. */
  readonly startedAt?: number;
  readonly ms?: number;
  /** Why it failed. */
  readonly text?: string;
}

/** A bar of the step that runs now. */
export interface BarView extends Progress {
  readonly pace: Pace;
}

export interface OutputLine {
  readonly text: string;
  readonly from: LineSource;
}

/** Whom the running step waits for. Times in ms since 1970. */
export interface Waiting {
  readonly who: string;
  readonly since: number;
  /** When it gives up, where that is known. */
  readonly until?: number;
}

export type RunEnding = Extract<OpEvent, { type: 'end' }>;

/** What a run looks like at one moment. */
export interface RunView {
  /** Its id in the journal; undefined before it has one. */
  readonly run: string | undefined;
  readonly startedAt: number;
  /** Ms since 1970 at which it looked like this. */
  readonly at: number;
  readonly steps: readonly StepView[];
  readonly bars: readonly BarView[];
  readonly waiting: Waiting | undefined;
  readonly lines: readonly OutputLine[];
  /** Lines of output that are no longer kept. */
  readonly dropped: number;
  readonly results: readonly ResultTable[];
  /** Secrets that are shown until it is closed. */
  readonly revealed: readonly { readonly what: string; readonly secret: string }[];
  /** Somebody wants it cancelled; what was begun is being taken back. */
  readonly cancelling: boolean;
  readonly end: RunEnding | undefined;
}

export function beginRun(plan: Plan, at: number): RunView {
  return {
    run: undefined,
    startedAt: at,
    at,
    steps: plan.steps.map(({ title }) => ({ title, state: 'waiting' })),
    bars: [],
    waiting: undefined,
    lines: [],
    dropped: 0,
    results: [],
    revealed: [],
    cancelling: false,
    end: undefined,
  };
}

/** The run after what has happened since. */
export function afterEvents(before: RunView, events: readonly OpEvent[], at: number): RunView {
  let { run, bars, waiting, end } = before;
  const steps = [...before.steps];
  const lines: OutputLine[] = [];
  const results: ResultTable[] = [];
  const revealed: { what: string; secret: string }[] = [];
  const step = (index: number, change: Partial<StepView>) => {
    const known = steps[index];
    if (known) steps[index] = { ...known, ...change };
  };
  for (const event of events) {
    switch (event.type) {
      case 'begin':
        run = event.run;
        break;
      case 'start':
        step(event.step, { state: 'running', startedAt: event.at });
        bars = [];
        waiting = undefined;
        break;
      case 'line':
        lines.push({ text: event.text, from: event.from });
        break;
      case 'unrecorded':
        lines.push({ text: event.text, from: 'note' });
        break;
      case 'waits':
        waiting = waitingFor(waiting, event);
        break;
      case 'progress':
        bars = withBar(bars, event, event.at);
        break;
      case 'result':
        results.push(event.table);
        break;
      case 'reveal':
        revealed.push({ what: event.what, secret: event.secret });
        break;
      case 'finish':
        step(event.step, {
          state: event.ok ? 'done' : 'failed',
          ms: event.ms,
          ...(event.text !== undefined && { text: event.text }),
        });
        bars = [];
        waiting = undefined;
        break;
      case 'rollback':
        step(event.step, {
          state: event.ok ? 'rolled back' : 'not rolled back',
          ...(event.text !== undefined && { text: event.text }),
        });
        break;
      case 'end':
        end = event;
        break;
    }
  }
  const all = lines.length === 0 ? before.lines : [...before.lines, ...lines];
  const kept = all.length > LINES_KEPT ? all.slice(-LINES_KEPT) : all;
  return {
    ...before,
    run,
    bars,
    waiting,
    end,
    at,
    steps,
    lines: kept,
    dropped: before.dropped + all.length - kept.length,
    results: results.length === 0 ? before.results : [...before.results, ...results],
    revealed: revealed.length === 0 ? before.revealed : [...before.revealed, ...revealed],
  };
}

function waitingFor(
  before: Waiting | undefined,
  { who, until, at }: Extract<OpEvent, { type: 'waits' }>,
): Waiting | undefined {
  if (who === null) return undefined;
  return { who, since: before?.since ?? at, ...(until !== undefined && { until }) };
}

function withBar(bars: readonly BarView[], progress: Progress, at: number): readonly BarView[] {
  const known = bars.find((bar) => bar.label === progress.label);
  const pace = known !== undefined && known.phase === progress.phase ? known.pace : new Pace();
  pace.add(at, progress.done);
  const { label, phase, done, of, unit, estimate } = progress;
  const bar: BarView = {
    label,
    done,
    unit,
    pace,
    ...(phase !== undefined && { phase }),
    ...(of !== undefined && { of }),
    ...(estimate !== undefined && { estimate }),
  };
  return known ? bars.map((other) => (other === known ? bar : other)) : [...bars, bar];
}
