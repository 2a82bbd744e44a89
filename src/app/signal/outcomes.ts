import { resultOf } from '../../ops/signal/sentences.ts';
import type { OutcomeKind, SignalOutcome } from '../../ops/signal/types.ts';
import { cleanLine } from '../../text/clean.ts';
import { clip } from '../../text/width.ts';
import type { AppState } from '../core/state.ts';

const WORDS: Readonly<Record<OutcomeKind, string>> = {
  ended: 'gone',
  cancelled: 'cancelled',
  already_gone: 'was gone already',
  moved_on: 'moved on, not touched',
  not_permitted: 'not permitted',
  sent: 'sent, effect hidden',
  still_there: 'sent, still there',
  not_sent: 'not sent',
  failed: 'failed',
};

export const OUTCOME_TITLES = ['PID', 'USER', 'DATABASE', 'APPLICATION', 'OUTCOME'] as const;
/** Frame and heading of the table; title, effect and status around it. */
const AROUND = 10;
const NAME_CELLS = 18;
/** What the table takes at most: five names and numbers, an outcome, and its rules. */
const WIDEST = 100;

/** The outcomes of several signals as rows of a small table; undefined where sentences serve better or fit only. */
export function outcomeRows(state: AppState, bodyRows: number): string[][] | undefined {
  const { overlay, size } = state;
  if (overlay?.kind !== 'signal' || overlay.phase.step !== 'done') return undefined;
  const outcomes = overlay.phase.outcomes.filter((event) => event.kind !== 'effect');
  const room = Math.floor((bodyRows - AROUND) / 2);
  if (outcomes.length < 2 || outcomes.length > room || size.columns < WIDEST) return undefined;
  return outcomes.map(rowOf);
}

/** What came of all of them, above the table. */
export function resultText(state: AppState): string | undefined {
  const { overlay } = state;
  if (overlay?.kind !== 'signal' || overlay.phase.step !== 'done') return undefined;
  return resultOf(overlay.phase.outcomes);
}

function rowOf({ victim: { target }, kind }: SignalOutcome): string[] {
  const name = (text: string | null) => clip(cleanLine(text ?? '-'), NAME_CELLS);
  return [
    String(target.pid),
    name(target.usename),
    name(target.datname),
    name(target.application_name),
    WORDS[kind],
  ];
}
