import { summaryPoll } from '../../db/queries/activity.ts';
import { entryOf } from '../../ops/registry.ts';
import { durationText } from '../../text/units.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { keyOr } from '../core/keys.ts';
import type { Question } from '../core/question.ts';
import { proposal } from '../core/text-field.ts';
import { focusedView, noRow, selectedRow } from '../views/select.ts';
import { openWizard } from '../wizard/flow.ts';
import { openOptions } from './options.ts';
import { chosenOf, unread } from './question.ts';
import { confirmSignal, signalDisabled, signalTargets } from './signal.ts';

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
  action('signal.options', 'screen', 'B', 'Unblock: what would help those who wait for locks', openOptions, {
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
  const { gid } = chosenOf(phase) ?? {};
  // where nobody would be hit there is nothing to answer
  if (gid === undefined && phase.plan.victims.length === 0) return undefined;
  const whenRead = (answer: () => void) => () => {
    const lines = unread(deck);
    if (lines === 0) answer();
    else deck.say(`Read the list first: ${lines} more below (${keyOr(deck, 'dialog.pagedown')}).`, 'error');
  };
  return {
    yes: phase.yes,
    show: (yes) => whenRead(() => deck.open({ ...overlay, phase: { ...phase, yes } }))(),
    accept: whenRead(() => (gid === undefined ? confirmSignal(deck) : endPrepared(deck, gid))),
    refuse: () => deck.open(undefined),
  };
}

/** A prepared transaction is ended by an operation of its own, which asks how. */
function endPrepared(deck: Deck, gid: string): void {
  const entry = entryOf('prepared');
  if (entry) openWizard(deck, entry, { argument: gid });
}

/** Shows pids and statements instead of one row for each session, or the other way. */
export function toggleDetails(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'signal' || overlay.phase.step !== 'ask') return;
  const { phase } = overlay;
  deck.open({ ...overlay, scroll: 0, phase: { ...phase, details: !phase.details, read: 0 } });
}
