import { planLines } from '../../db/explain/lines.ts';
import { cleanLine } from '../../text/clean.ts';
import { type Line, span } from '../../text/line.ts';
import { wrap } from '../../text/width.ts';
import type { Keys } from '../core/keys.ts';
import type { Overlay } from '../core/state.ts';
import { answerLine, type ReadingText } from '../screen/reading.ts';
import { riskSentence } from './explain.ts';

export function explainReading(
  deck: Keys,
  overlay: Extract<Overlay, { kind: 'explain' }>,
  columns: number,
  more: string,
): ReadingText {
  const { plan, problem, title, risk } = overlay;
  if (risk) return riskReading(deck, title, risk.yes, risk.owners, columns);
  return {
    title: [span(` ${title}`, 'title'), span('  the plan only; the statement is not run', 'muted')],
    lines:
      problem !== undefined
        ? wrap(cleanLine(problem), columns - 3).map((text): Line => [span(`  ${text}`, 'warn')])
        : plan === undefined
          ? [[span('  asking the server', 'muted')]]
          : planLines(plan, columns - 1, more).map((line) => [span(' '), ...line]),
  };
}

function riskReading(
  deck: Keys,
  title: string,
  yes: boolean,
  owners: readonly string[],
  columns: number,
): ReadingText {
  const text = `The planner calls immutable and stable functions for its estimates: ${riskSentence(owners, 'this role')} The statement itself is not run.`;
  return {
    title: [span(` ${title}?`, 'title')],
    lines: [
      ...wrap(cleanLine(text), columns - 3).map((line): Line => [span(`  ${line}`, 'warn')]),
      [],
      answerLine(deck, yes),
    ],
  };
}
