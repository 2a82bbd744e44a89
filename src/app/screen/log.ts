import { type Line, span } from '../../text/line.ts';
import { wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { keyFor } from '../core/keys.ts';
import type { ReadingText } from './reading.ts';

/** What was said and done so far, the newest last. */
export function logReading(deck: Deck, columns: number): ReadingText {
  const tone = { info: undefined, done: 'good', error: 'alert' } as const;
  return {
    title: [
      span(' Messages', 'title'),
      span(`  ${keyFor(deck, 'help.log') ?? ':messages'} shows what pgdeck has sent`, 'muted'),
    ],
    lines:
      deck.state.log.length === 0
        ? [[span('  Nothing has been said yet.', 'muted')]]
        : deck.state.log.flatMap((entry) =>
            wrap(entry.text, columns - 13).map(
              (text, i): Line => [
                span(
                  `  ${i === 0 ? new Date(entry.at).toTimeString().slice(0, 8) : ' '.repeat(8)}  `,
                  'muted',
                ),
                span(text, tone[entry.level]),
              ],
            ),
          ),
  };
}
