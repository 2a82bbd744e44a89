import { cleanLine } from '../../../text/clean.ts';
import { type Line, span, type Tone } from '../../../text/line.ts';
import { progressText } from '../../../text/progress.ts';
import { progressBar } from '../../../text/sparkline.ts';
import { duration, plural } from '../../../text/units.ts';
import { clip, width, wrap } from '../../../text/width.ts';
import { glyphsOf } from '../../core/glyphs.ts';
import { type Keys, keyOr } from '../../core/keys.ts';
import { windowOf } from '../../views/select.ts';
import type { BarView, OutputLine, RunView, StepState, StepView } from '../run-view.ts';
import type { Wizard } from '../types.ts';
import { inConsole } from '../words.ts';

interface Signs {
  readonly mark: string;
  readonly ascii: string;
  readonly tone: Tone;
  /** Said after the title where the mark does not say enough. */
  readonly word?: string;
}

const SIGNS: Readonly<Record<StepState, Signs>> = {
  waiting: { mark: '·', ascii: '.', tone: 'muted' },
  running: { mark: '▶', ascii: '>', tone: 'accent' },
  done: { mark: '✓', ascii: '+', tone: 'good' },
  failed: { mark: '✗', ascii: 'x', tone: 'critical', word: 'failed' },
  'rolled back': { mark: '↶', ascii: '<', tone: 'warn', word: 'rolled back' },
  'not rolled back': { mark: '✗', ascii: 'x', tone: 'critical', word: 'NOT rolled back' },
};

/** Rows that the output has at least, where there is room for that. */
const LEAST_OUTPUT = 4;
const BAR_CELLS = 20;

/** `3 of 7 steps, 12s`. */
export function runSituation({ steps, startedAt, at, cancelling }: RunView): Line {
  const done = steps.filter(({ state }) => state === 'done').length;
  return [
    span(`${done} of ${plural(steps.length, 'step')}, ${wholeSeconds(at - startedAt)}`, 'muted'),
    ...(cancelling ? [span('  STOPPING: what was begun is rolled back', 'warn')] : []),
  ];
}

/** Steps, bars, and as much output as fits below them. */
export function runLines(
  deck: Keys,
  run: RunView,
  scroll: number | undefined,
  size: { readonly columns: number; readonly rows: number },
): { readonly lines: readonly Line[]; readonly first: number; readonly last: number } {
  const { columns, rows } = size;
  const { rule } = glyphsOf(deck);
  const bars = [...waitLines(run, columns), ...run.bars.map((bar) => barLine(bar, columns, deck.ascii))];
  const room = Math.max(1, rows - bars.length - 1 - LEAST_OUTPUT);
  const at = run.steps.findLastIndex(({ state }) => state !== 'waiting');
  const { from, to } = windowOf(run.steps.length, Math.max(0, at), Math.min(room, run.steps.length));
  const above = [
    ...run.steps.slice(from, to).map((step) => stepLine(step, run.at, columns, deck.ascii)),
    ...bars,
  ];
  const output = Math.max(0, rows - above.length - 1);
  const first = run.dropped;
  const last = Math.max(first, run.dropped + run.lines.length - output);
  const top = Math.min(last, Math.max(first, scroll ?? last));
  const shown = run.lines.slice(top - run.dropped, top - run.dropped + output);
  const below = run.dropped + run.lines.length - top - shown.length;
  const title =
    scroll === undefined
      ? ` Output `
      : ` Output, line ${top + 1}; ${below} below, ${keyOr(deck, 'reader.last')} follows the newest `;
  const lines: Line[] = [
    ...above,
    [span(`${rule.repeat(2)}${title}${rule.repeat(Math.max(0, columns - width(title) - 2))}`, 'muted')],
    ...shown.map(outputLine),
  ];
  return { lines: lines.slice(0, rows), first, last };
}

/** Whom it waits for, for how long, and until when. */
function waitLines({ waiting, at }: RunView, columns: number): Line[] {
  if (waiting === undefined) return [];
  const { who, since, until } = waiting;
  const left = until === undefined ? '' : `, gives up in ${wholeSeconds(until - at)}`;
  const text = `WAITS for ${cleanLine(who)}: ${wholeSeconds(at - since)} so far${left}`;
  return wrap(text, columns - 7)
    .slice(0, 2)
    .map((part): Line => [span('      '), span(part, 'warn')]);
}

export function outputLine({ text, from }: OutputLine): Line {
  return [span(`  ${cleanLine(text)}`, from === 'stderr' ? 'warn' : undefined)];
}

/** A step in one line: its mark, its title, how long it took. */
export function stepLine(step: StepView, now: number, columns: number, ascii: boolean): Line {
  const { mark, ascii: plain, tone, word } = SIGNS[step.state];
  const took =
    step.ms === undefined
      ? step.startedAt === undefined
        ? ''
        : wholeSeconds(now - step.startedAt)
      : duration(step.ms / 1000);
  const says = word === undefined ? '' : `  ${word}`;
  const room = columns - 4 - 8 - width(says);
  return [
    span(`  ${ascii ? plain : mark} `, tone),
    span(
      clip(cleanLine(step.title), room, ascii ? '~' : '…'),
      step.state === 'waiting' ? 'muted' : undefined,
    ),
    span(says, tone),
    span(took === '' ? '' : `  ${took}`, 'muted'),
  ];
}

/** What steps told of their end, in full, where `said` does not say it already: why they failed above all. */
export function toldLines(
  keys: Keys,
  steps: readonly StepView[],
  columns: number,
  said: string,
  operation: Wizard['operation'],
): Line[] {
  return steps.flatMap(({ text, title, state }) =>
    text === undefined || said.includes(text)
      ? []
      : wrap(toldText(title, cleanLine(inConsole(keys, text, operation))), columns - 4).map(
          (part): Line => [span(`  ${part}`, state === 'done' ? undefined : 'alert')],
        ),
  );
}

/** Which step tells it, unless it says so itself. */
function toldText(title: string, text: string): string {
  const own = `${cleanLine(title)}: `;
  return text.startsWith(own) ? text : `${own}${text}`;
}

/** A bar only where it is known how much there is, and where it takes nothing from the text. */
function barLine(bar: BarView, columns: number, ascii: boolean): Line {
  const text = progressText({ ...bar, label: cleanLine(bar.label) }, bar.pace);
  const share = Math.min(bar.done / (bar.of ?? 1), bar.estimate ? 0.99 : 1);
  const guess = bar.estimate ? '  estimate' : '';
  const room = columns - 7 - width(guess);
  const known = bar.of !== undefined && bar.of > 0;
  const beside = width(text) <= room - BAR_CELLS - 1;
  return [
    span('      '),
    span(beside ? `${known ? progressBar(share, BAR_CELLS, ascii) : ' '.repeat(BAR_CELLS)} ` : '', 'accent'),
    span(clip(text, room, ascii ? '~' : '…')),
    span(guess, 'muted'),
  ];
}

/** Whole seconds: what is shown changes once a second at most. */
function wholeSeconds(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 10 ? `${seconds}s` : duration(seconds);
}
