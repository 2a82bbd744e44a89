import { ARM_ACTION } from '../arming/arming.ts';
import { LOG_ACTION } from '../commands/actions.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { keyOr } from '../core/keys.ts';
import { runningWizards, tableOf } from '../core/state.ts';
import { OPEN_PALETTE } from '../palette/actions.ts';
import { leaveServers, SERVERS_ACTION } from '../servers/switch.ts';
import { SIGNAL_ACTIONS } from '../signal/actions.ts';
import { abortSignal } from '../signal/signal.ts';
import { TIME_ACTIONS } from '../time.ts';
import { overviewScreen } from '../views/overview.ts';
import { SCREENS, screenOf } from '../views/registry.ts';
import { focusedView } from '../views/select.ts';
import { wizardBack } from '../wizard/flow.ts';
import { interruptRuns } from '../wizard/run.ts';

const onePane = (deck: Deck) =>
  screenOf(deck.state.screen).panes.length > 1 ? undefined : 'this screen has one pane';

/** Where the pane is shown beside others, the word says what the key does now. */
const zoomWord = (deck: Deck) =>
  onePane(deck) === undefined ? (deck.state.zoomed ? 'all panes' : 'zoom') : undefined;

/** Stops what runs; without anything running, or asked twice, ends the program. */
export function interrupt(deck: Deck): void {
  const now = deck.sampler.now();
  const { interruptedAt } = deck.state;
  const again = interruptedAt !== undefined && now - interruptedAt < 3000;
  if (!again && abortSignal(deck)) {
    deck.store.set({ interruptedAt: now });
    const again = `${keyOr(deck, 'interrupt')} again within 3 s ends pgdeck.`;
    deck.say(`Stopping; signals already sent stay sent. ${again}`, 'error');
    return;
  }
  if (interruptRuns(deck, again)) {
    deck.store.set({ interruptedAt: now });
    return;
  }
  deck.ports.exit();
}

/** Ends the program; asks first where something runs. */
function quit(deck: Deck): void {
  if (runningWizards(deck.state).length > 0) deck.open({ kind: 'leave', yes: false });
  else deck.ports.exit();
}

/** One level back: out of an overlay, a filter, the marks, a zoomed pane, a screen; never out of the program. */
export function back(deck: Deck): void {
  const { overlay, screen, home } = deck.state;
  const view = focusedView(deck.state);
  const table = tableOf(deck.state, view.id);
  if (overlay) {
    if (overlay.kind === 'filter') deck.table(overlay.view, { filter: overlay.before });
    // what lay behind it comes back
    if (overlay.kind === 'password') deck.answerPassword(undefined);
    else if (overlay.kind === 'wizard') wizardBack(deck);
    else if (overlay.kind === 'servers') leaveServers(deck);
    else deck.open(undefined);
  } else if (table.filter !== '') deck.table(view.id, { filter: '' });
  else if (table.marks.size > 0) deck.table(view.id, { marks: new Set() });
  else if (deck.state.zoomed) deck.toggleZoom();
  else if (screen === home) return;
  else if (screen !== overviewScreen.id) deck.show(overviewScreen.id);
  else if (home !== undefined) deck.show(home);
}

const toggleHelp = (deck: Deck) =>
  deck.open(deck.state.overlay?.kind === 'help' ? undefined : { kind: 'help', scroll: 0 });

export const SCREEN_ACTIONS: readonly Action[] = [
  ...SCREENS.map((s) => action(`screen.${s.id}`, 'screen', s.key ?? '', s.title, (d) => d.show(s.id))),
  action('pane.next', 'screen', 'tab ]', 'Next pane', (d) => d.focusPane(1), {
    hint: 8,
    short: 'pane',
    disabled: onePane,
  }),
  action('pane.previous', 'screen', 'backtab [', 'Previous pane', (d) => d.focusPane(-1), {
    disabled: onePane,
  }),
  action('pane.zoom', 'screen', 'z', 'One pane on the whole screen, and back', (d) => d.toggleZoom(), {
    hint: 7,
    shortOn: zoomWord,
    disabled: onePane,
  }),
  ...SIGNAL_ACTIONS,
  ARM_ACTION,
  ...TIME_ACTIONS,
  OPEN_PALETTE,
  SERVERS_ACTION,
  LOG_ACTION,
  action('help', 'quit', '?', 'Help', toggleHelp, { hint: 12, short: 'help' }),
  action('back', 'quit', 'esc', 'One level back', back, {
    hint: 11,
    // where a server was opened from a list of all, it is not seen where Esc leads
    shortOn: ({ state: { home, screen } }) => (home === undefined || screen === home ? undefined : 'back'),
  }),
  action('quit', 'quit', 'q', 'Quit', quit, { hint: 13, short: 'quit' }),
  action('interrupt', 'always', '^C', 'Stop what runs, or quit', interrupt),
  action('suspend', 'always', '^Z', 'Back to the shell for a while', (d) => d.ports.suspend()),
];
