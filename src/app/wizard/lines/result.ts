import { cleanBlock, cleanLine } from '../../../text/clean.ts';
import { type Line, span, type Tone } from '../../../text/line.ts';
import { duration } from '../../../text/units.ts';
import { wrap } from '../../../text/width.ts';
import { glyphsOf } from '../../core/glyphs.ts';
import { type Keys, keyOr } from '../../core/keys.ts';
import type { RunEnding, RunView } from '../run-view.ts';
import type { Wizard } from '../types.ts';
import { inConsole } from '../words.ts';
import { type Block, fullTable } from './document.ts';
import { type Ending, endingLines, nextOfRun } from './next.ts';
import { lines } from './plan.ts';
import { outputLine, stepLine, toldLines } from './run.ts';

const STATUS: Readonly<Record<RunEnding['status'], { readonly word: string; readonly tone: Tone }>> = {
  done: { word: 'DONE', tone: 'good' },
  failed: { word: 'FAILED', tone: 'critical' },
  cancelled: { word: 'CANCELLED', tone: 'warn' },
  refused: { word: 'NOT BEGUN', tone: 'critical' },
};

const LATE = { word: 'DONE, BUT', tone: 'critical' } as const;

/** Said where nobody knows: what failed says why. */
const UNKNOWN = 'Not known. :recover looks at the server and says.';

/** The last lines of the output; the journal has all. */
const OUTPUT_LISTED = 200;

/** The three lines that count, of a run that has ended. */
export function runEnding(keys: Keys, run: RunView, operation: Wizard['operation']): Ending | undefined {
  const { end } = run;
  if (!end) return undefined;
  // done, and then something went wrong beside it: a command after it that failed
  const look = end.status === 'done' && !end.ok ? LATE : STATUS[end.status];
  const { text, state } = end;
  const own = state !== null && text.endsWith(state) ? text.slice(0, -state.length).trimEnd() : text;
  const took = end.status === 'refused' ? '' : ` (${duration(end.ms / 1000)})`;
  const [first = '', ...more] = cleanBlock(inConsole(keys, own, operation)).split('\n');
  return {
    ...look,
    outcome: [`${first}${took}`, ...more].join('\n'),
    state: cleanBlock(inConsole(keys, state ?? UNKNOWN, operation)),
    next: nextOfRun(keys, run),
  };
}

/** What became of it: the outcome first, then what it found, its steps and its last words. */
export function resultBlocks(
  deck: Keys,
  { operation }: Pick<Wizard, 'operation'>,
  run: RunView,
  columns: number,
): Block[] {
  const { end } = run;
  const ending = runEnding(deck, run, operation);
  if (!end || !ending) return [];
  const { more } = glyphsOf(deck);
  const output = run.lines
    .slice(-OUTPUT_LISTED)
    .flatMap(({ text: said, from }) =>
      wrap(cleanLine(said), columns - 3).map((part) => outputLine({ text: part, from })),
    );
  return [
    lines([
      ...endingLines(ending, columns, more),
      ...run.revealed.flatMap(({ what, secret }): Line[] => [
        [],
        [span(` ${cleanLine(what)}, shown until this is closed and kept nowhere`, 'accent')],
        ...wrap(cleanLine(secret), columns - 3).map((part): Line => [span(` ${part}`, 'selected')]),
      ]),
    ]),
    ...run.results.flatMap((table): Block[] => [
      lines([[], [span(` ${cleanLine(table.title)}`, 'accent')]]),
      ...fullTable(table, columns - 1, more),
    ]),
    lines([
      [],
      [span(' Steps', 'accent')],
      ...run.steps.map((step) => stepLine(step, run.at, columns, deck.ascii)),
      ...toldLines(deck, run.steps, columns, end.text, operation),
      ...(output.length > 0 ? [[], [span(' Output', 'accent')], ...output] : []),
      // what was refused has left no record
      ...(end.run === '' || end.status === 'refused'
        ? []
        : [
            [],
            ...wrap(
              `Run ${end.run}; Operations (${keyOr(deck, 'screen.operations')}) and the message log (${keyOr(deck, 'help.log')}) have it.`,
              columns - 3,
            ).map((part): Line => [span(` ${part}`, 'muted')]),
          ]),
    ]),
  ];
}
