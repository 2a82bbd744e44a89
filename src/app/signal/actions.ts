import { summaryPoll } from '../../db/queries/activity.ts';
import { durationText } from '../../text/units.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import type { Question } from '../core/question.ts';
import { proposal } from '../core/text-field.ts';
import { focusedView, noRow, selectedRow } from '../views/select.ts';
import { confirmSignal, signalDisabled, signalTargets, terminateRootBlockers } from './signal.ts';

/** As the summary has it: the forest is read only while it is on the screen. */
const nobodyWaits = (deck: Deck) =>
  deck.model.rows(summaryPoll)[0]?.lock_waiting === 0 ? 'nobody waits for a lock' : undefined;

function askIdle(deck: Deck): void {
  deck.open({ kind: 'idle', field: proposal(durationText(deck.model.thresholds.idle_session_seconds)) });
}

const noSession = (deck: Deck): string | undefined => {
  const blocked = signalDisabled(deck) ?? noRow(deck);
  if (blocked) return blocked;
  const view = focusedView(deck.state);
  return view.backend?.(selectedRow(deck.model, deck.state)) ? undefined : 'the row is no session';
};

/** Those that need no row. */
export const SIGNAL_ACTIONS: readonly Action[] = [
  action('signal.roots', 'screen', 'B', 'Terminate the root blockers', terminateRootBlockers, {
    danger: true,
    disabled: (d) => signalDisabled(d) ?? nobodyWaits(d),
  }),
  action('signal.idle', 'screen', 'I', 'Terminate sessions idle for long', askIdle, {
    danger: true,
    disabled: signalDisabled,
  }),
];

export const SIGNAL_ROW_ACTIONS: readonly Action[] = [
  action('signal.terminate', 'row', 'K', 'Terminate the session', (d) => signalTargets(d, 'terminate'), {
    danger: true,
    hint: 2,
    short: 'terminate',
    disabled: noSession,
  }),
  action('signal.cancel', 'row', 'c', 'Cancel the query', (d) => signalTargets(d, 'cancel'), {
    danger: true,
    hint: 3,
    short: 'cancel',
    disabled: noSession,
  }),
];

/** Whether the signals that are listed are sent. */
export function signalQuestion(deck: Deck): Question | undefined {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'signal' || overlay.phase.step !== 'ask') return undefined;
  const { phase } = overlay;
  return {
    yes: phase.yes,
    show: (yes) => deck.open({ ...overlay, phase: { ...phase, yes } }),
    accept: () => confirmSignal(deck),
    refuse: () => deck.open(undefined),
  };
}
