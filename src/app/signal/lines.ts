import { eventSentence, freesSentence, isGood, refusalSentence } from '../../ops/signal/sentences.ts';
import type { SignalPlan, Victim } from '../../ops/signal/types.ts';
import { cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { duration } from '../../text/units.ts';
import { wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import type { AppState, Overlay } from '../core/state.ts';
import { answerLine, readingLines } from '../screen/reading.ts';
import { stateText } from '../views/activity.ts';

/** The whole text is in the details; here it must only be recognised. */
const QUERY_LINES = 4;

type SignalOverlay = Extract<Overlay, { kind: 'signal' }>;

/** Who will be hit, whom that frees, and the question; then what became of each. */
export function dialogLines(deck: Deck, overlay: SignalOverlay, size: AppState['size']): Line[] {
  const { phase, action } = overlay;
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
      wrap(cleanLine(phase.reason), size.columns - 4).map((text): Line => [span(`  ${text}`, 'alert')]),
      [[span('  Enter or Esc goes back.', 'muted')]],
      overlay.scroll,
      size,
    );
  const { plan } = phase;
  const title: Line = [
    span(` ${cleanLine(plan.title)}`, 'title'),
    span(phase.step === 'ask' && plan.victims.length > 0 ? '?' : ''),
  ];
  if (phase.step === 'ask') {
    const body = [...victimLines(plan, size.columns), ...refusalLines(plan, size.columns)];
    return framed(deck, title, body, questionLines(plan, phase.yes, size.columns), overlay.scroll, size);
  }
  const outcomes = phase.outcomes.flatMap((outcome) =>
    wrap(eventSentence(outcome), size.columns - 4).map(
      (text): Line => [span(`  ${text}`, isGood(outcome) ? 'good' : 'warn')],
    ),
  );
  const left = plan.victims.length - phase.outcomes.filter(({ kind }) => kind !== 'effect').length;
  const status: Line =
    phase.step === 'running'
      ? [span(`  ${left} to go; ^C stops`, 'muted')]
      : [span('  Done. It is in the message log (L) and printed on exit. Enter goes back.', 'muted')];
  return framed(
    deck,
    title,
    [...outcomes, ...refusalLines(plan, size.columns)],
    [status],
    overlay.scroll,
    size,
  );
}

function framed(
  deck: Deck,
  title: Line,
  body: readonly Line[],
  foot: readonly Line[],
  scroll: number,
  size: AppState['size'],
): Line[] {
  const { rule, more } = glyphsOf(deck);
  // the answers stand last: where there is no room, what explains them gives way
  const below = foot.slice(-Math.max(1, size.rows - 3));
  const line: Line = [span(rule.repeat(size.columns), 'accent')];
  // the question stands right below what it is about
  const room = Math.max(1, Math.min(body.length + 1, size.rows - below.length - 2));
  const reading = readingLines(deck, { title, lines: body }, scroll, { columns: size.columns, rows: room });
  const lines: Line[] = [line, ...reading, line, ...below];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((l) => fitLine(l, size.columns, more));
}

function victimLines(plan: SignalPlan, columns: number): Line[] {
  return plan.victims.flatMap((victim) => oneVictim(victim, columns));
}

function oneVictim({ target: t, blocks, frees, sql }: Victim, columns: number): Line[] {
  const fact = (label: string, value: string): Line[] =>
    value === ''
      ? []
      : wrap(value, Math.max(20, columns - 16)).map(
          (part, i): Line => [span(`  ${(i === 0 ? label : '').padEnd(12)}`, 'muted'), span(part)],
        );
  const text = cleanLine(t.query ?? '');
  return [
    [
      span(`  ${t.pid}`, 'alert'),
      span(`  ${cleanLine(t.usename ?? '-')}@${cleanLine(t.datname ?? '-')}`),
      span(`  ${cleanLine(t.application_name ?? '') || 'no application name'}`),
      span(`  from ${cleanLine(t.client_addr ?? 'local')}`, 'muted'),
    ],
    ...fact(
      'state',
      `${cleanLine(t.state ?? stateText(t.state, t.backend_type))} for ${duration(t.state_seconds)}`,
    ),
    ...fact('transaction', t.xact_seconds === null ? '' : `open for ${duration(t.xact_seconds)}`),
    ...fact('query', text).slice(0, QUERY_LINES),
    ...fact(
      'blocks',
      blocks.length === 0
        ? 'nobody'
        : `${blocks.join(', ')}${frees > 0 ? ` (ending it alone frees ${frees})` : ''}`,
    ),
    ...fact('sends', cleanLine(sql)),
    [],
  ];
}

function refusalLines(plan: SignalPlan, columns: number): Line[] {
  return plan.refused.flatMap((refusal) =>
    wrap(`Not touched: ${refusalSentence(refusal)}`, columns - 4).map(
      (text): Line => [span(`  ${text}`, 'warn')],
    ),
  );
}

function questionLines(plan: SignalPlan, yes: boolean, columns: number): Line[] {
  if (plan.victims.length === 0)
    return [[span('  Nobody will be touched. Enter or Esc goes back.', 'muted')]];
  const frees = freesSentence(plan);
  return [
    ...(frees ? wrap(frees, columns - 4).map((text): Line => [span(`  ${text}`, 'accent')]) : []),
    ...wrap(plan.consequence ?? '', columns - 4).map((text): Line => [span(`  ${text}`, 'muted')]),
    answerLine(yes, 'sends it'),
  ];
}
