import { cleanBlock, cleanLine } from '../../../text/clean.ts';
import { type Line, span, type Tone } from '../../../text/line.ts';
import { duration } from '../../../text/units.ts';
import { wrap } from '../../../text/width.ts';
import { glyphsOf } from '../../core/glyphs.ts';
import type { RunEnding, RunView } from '../run-view.ts';
import { type Block, fullTable } from './document.ts';
import { lines } from './plan.ts';
import { failureLines, outputLine, stepLine } from './run.ts';

const STATUS: Readonly<Record<RunEnding['status'], { readonly word: string; readonly tone: Tone }>> = {
  done: { word: 'DONE', tone: 'good' },
  failed: { word: 'FAILED', tone: 'critical' },
  cancelled: { word: 'CANCELLED', tone: 'warn' },
  refused: { word: 'NOT BEGUN', tone: 'critical' },
};

const LATE = { word: 'DONE, BUT', tone: 'critical' } as const;

/** The last lines of the output; the journal has all. */
const OUTPUT_LISTED = 200;

/** What became of it: the outcome first, then what it found, its steps and its last words. */
export function resultBlocks(deck: { readonly ascii: boolean }, run: RunView, columns: number): Block[] {
  const { end } = run;
  if (!end) return [];
  const { more } = glyphsOf(deck);
  // done, and then something went wrong beside it: a command after it that failed
  const { word, tone } = end.status === 'done' && !end.ok ? LATE : STATUS[end.status];
  const text = wrap(cleanBlock(end.text), columns - 3).map(
    (part): Line => [span(` ${part}`, end.ok ? undefined : 'alert')],
  );
  const undo =
    end.undo === null
      ? []
      : [
          [],
          ...wrap(`To undo it: ${cleanLine(end.undo)}`, columns - 3).map(
            (part): Line => [span(` ${part}`, 'accent')],
          ),
        ];
  const output = run.lines
    .slice(-OUTPUT_LISTED)
    .flatMap(({ text: said, from }) =>
      wrap(cleanLine(said), columns - 3).map((part) => outputLine({ text: part, from })),
    );
  return [
    lines([
      [
        span(` ${word}`, tone),
        span(end.status === 'refused' ? '' : ` after ${duration(end.ms / 1000)}`, 'muted'),
      ],
      ...text,
      ...undo,
    ]),
    ...run.results.flatMap((table): Block[] => [
      lines([[], [span(` ${cleanLine(table.title)}`, 'accent')]]),
      ...fullTable(table, columns - 1, more),
    ]),
    lines([
      [],
      [span(' Steps', 'accent')],
      ...run.steps.map((step) => stepLine(step, run.at, columns, deck.ascii)),
      ...failureLines(run.steps, columns, end.text),
      ...(output.length > 0 ? [[], [span(' Output', 'accent')], ...output] : []),
      // what was refused has left no record
      ...(end.run === '' || end.status === 'refused'
        ? []
        : [
            [],
            ...wrap(`Run ${end.run}; the journal (8) and the message log (L) have it.`, columns - 3).map(
              (part): Line => [span(` ${part}`, 'muted')],
            ),
          ]),
    ]),
  ];
}
