import { eventSentence, isGood, resultOf } from '../../ops/signal/sentences.ts';
import type { SignalEvent } from '../../ops/signal/types.ts';
import { cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { type Keys, keyOr } from '../core/keys.ts';
import type { AppState, Overlay } from '../core/state.ts';
import { readingLines } from '../screen/reading.ts';
import { inConsole } from '../wizard/words.ts';
import { questionLines } from './question.ts';
import { refusalLines } from './targets.ts';

type SignalOverlay = Extract<Overlay, { kind: 'signal' }>;

/** Who will be hit, whom that frees, and the question; then what became of each. */
export function dialogLines(deck: Deck, overlay: SignalOverlay, size: AppState['size']): Line[] {
  const { phase, action } = overlay;
  const enter = keyOr(deck, 'dialog.enter');
  const verb = action === 'cancel' ? 'Cancel' : 'Terminate';
  if (phase.step === 'planning')
    return framed(
      deck,
      [span(` ${verb}: asking the server who that is`, 'title')],
      [],
      [],
      overlay.scroll,
      size,
    );
  if (phase.step === 'failed')
    return framed(
      deck,
      [span(` ${verb}: not done`, 'title')],
      wrap(cleanLine(inConsole(deck, phase.reason, undefined)), size.columns - 4).map(
        (text): Line => [span(`  ${text}`, 'alert')],
      ),
      [[span(`  ${enter} or ${keyOr(deck, 'dialog.leave')} goes back.`, 'muted')]],
      overlay.scroll,
      size,
    );
  if (phase.step === 'ask') return fill(deck, questionLines(deck, overlay, phase, size), size);
  const { plan, outcomes } = phase;
  const title: Line = [span(` ${cleanLine(plan.title)}`, 'title')];
  const sentences = outcomes.flatMap((outcome) =>
    outcome.kind === 'effect'
      ? []
      : wrap(eventSentence(outcome), size.columns - 4).map(
          (text): Line => [span(`  ${text}`, isGood(outcome) ? 'good' : 'warn')],
        ),
  );
  const left = plan.victims.length - outcomes.filter(({ kind }) => kind !== 'effect').length;
  const status: Line =
    phase.step === 'running'
      ? [span(`  ${left} to go; ${keyOr(deck, 'interrupt')} stops`, 'muted')]
      : [span(`  ${toldOf(deck)}`, 'muted')];
  const body = [
    ...(phase.step === 'done' ? resultLines(outcomes, size.columns) : []),
    ...sentences,
    ...refusalLines(plan, size.columns),
  ];
  return framed(deck, title, body, [status], overlay.scroll, size);
}

/** Where it can be read again. */
export function toldOf(keys: Keys): string {
  return `${keyOr(keys, 'dialog.enter')} goes back. It is in the message log (${keyOr(keys, 'help.log')}) and printed on exit.`;
}

/** What came of all of it, first. */
function resultLines(outcomes: readonly SignalEvent[], columns: number): Line[] {
  if (outcomes.length === 0) return [];
  const tone = outcomes.every(isGood) ? 'good' : 'warn';
  const lines = wrap(resultOf(outcomes), columns - 4).map((text): Line => [span(`  ${text}`, tone)]);
  return [...lines, []];
}

function framed(
  deck: Deck,
  title: Line,
  body: readonly Line[],
  foot: readonly Line[],
  scroll: number,
  size: AppState['size'],
): Line[] {
  const { rule } = glyphsOf(deck);
  // the answers stand last: where there is no room, what explains them gives way
  const below = foot.slice(-Math.max(1, size.rows - 3));
  const line: Line = [span(rule.repeat(size.columns), 'accent')];
  // the question stands right below what it is about
  const room = Math.max(1, Math.min(body.length + 1, size.rows - below.length - 2));
  const reading = readingLines(deck, { title, lines: body }, scroll, { columns: size.columns, rows: room });
  const lines: Line[] = [line, ...reading, line, ...below];
  return fill(deck, lines, size);
}

/** Exactly the given size. */
function fill(deck: Deck, lines: readonly Line[], { columns, rows }: AppState['size']): Line[] {
  const { more } = glyphsOf(deck);
  const empty = Array.from({ length: Math.max(0, rows - lines.length) }, (): Line => []);
  return [...lines, ...empty].slice(0, rows).map((line) => fitLine(line, columns, more));
}
