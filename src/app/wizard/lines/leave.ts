import { cleanLine } from '../../../text/clean.ts';
import { fitLine, type Line, span } from '../../../text/line.ts';
import { wrap } from '../../../text/width.ts';
import type { Deck } from '../../core/deck.ts';
import { glyphsOf } from '../../core/glyphs.ts';
import { runningWizards } from '../../core/state.ts';
import { answerLine } from '../../screen/reading.ts';

/** Whether to end the program although something runs. */
export function leaveLines(deck: Deck, yes: boolean, size: { columns: number; rows: number }): Line[] {
  const { columns, rows } = size;
  const running = runningWizards(deck.state).flatMap(({ phase }) =>
    'plan' in phase ? [phase.plan.title] : [],
  );
  const say = (text: string, tone: 'warn' | 'muted') =>
    wrap(text, columns - 4).map((part): Line => [span(`  ${part}`, tone)]);
  const lines: Line[] = [
    [],
    [span(' Quit pgdeck?', 'title')],
    ...say(
      running.length === 0
        ? 'Nothing is running now.'
        : `Still running: ${running.map(cleanLine).join('; ')}. Quitting stops it, after what was begun has been rolled back.`,
      running.length === 0 ? 'muted' : 'warn',
    ),
    [],
    answerLine(deck, yes, 'quits'),
  ];
  while (lines.length < rows) lines.push([]);
  return lines.slice(0, rows).map((line) => fitLine(line, columns, glyphsOf(deck).more));
}
