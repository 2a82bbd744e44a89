import { cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { wrap } from '../../text/width.ts';
import { ARMED_MINUTES } from '../core/armed.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyOr } from '../core/keys.ts';
import type { AppState, Overlay } from '../core/state.ts';
import { fieldSpans } from '../core/text-field.ts';

type Question = Extract<Overlay, { kind: 'arm' | 'idle' | 'password' }>;

/** What is asked, the label of the field, and what is said below it. */
function wordsOf(deck: Deck, overlay: Question): readonly [title: string, label: string, below: string] {
  const back = keyOr(deck, 'field.escape');
  switch (overlay.kind) {
    case 'arm':
      return [
        `${cleanLine(deck.given.name)} is read-only. Type its name to write to it for ${ARMED_MINUTES} minutes`,
        ' Name: ',
        `It is recorded who did, as which role, and why it ended. A lost connection ends it. ${back} leaves it read-only.`,
      ];
    case 'idle':
      return [
        'Terminate every session that has been idle for longer than',
        ' (90s, 10m, 2h): ',
        `${keyOr(deck, 'field.enter')} lists them first; nothing is sent yet. Idle in transaction is not idle.`,
      ];
    case 'password':
      return [
        overlay.question,
        ' Password: ',
        `It is kept in memory only, for reconnecting. ${back} gives up.`,
      ];
  }
}

/** A question with a text field below it. */
export function questionLines(deck: Deck, overlay: Question, size: AppState['size']): Line[] {
  const [title, label, below] = wordsOf(deck, overlay);
  const problem = 'problem' in overlay ? overlay.problem : undefined;
  const said = problem === undefined ? span(` ${below}`, 'muted') : span(` ${cleanLine(problem)}`, 'alert');
  const lines: Line[] = [
    [],
    ...wrap(title, Math.max(10, size.columns - 2)).map((text): Line => [span(` ${text}`, 'title')]),
    fieldSpans(label, overlay.field, size.columns, overlay.kind === 'password'),
    ...wrap(said.text, Math.max(10, size.columns - 1)).map((text): Line => [{ ...said, text }]),
  ];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, glyphsOf(deck).more));
}
