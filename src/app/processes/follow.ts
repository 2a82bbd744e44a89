import { activityPoll } from '../../db/queries/activity.ts';
import type { Backend } from '../../db/session.ts';
import type { Deck } from '../core/deck.ts';
import { tableOf } from '../core/state.ts';
import type { Slot } from '../core/store.ts';
import { activityView } from '../views/activity.ts';
import { askedOnDemand, missingOf } from '../views/fields.ts';
import { viewOf } from '../views/registry.ts';
import { shownPanes } from '../views/select.ts';

const HELD: Slot<{
  loading: boolean;
  /** The answer of the server that was read for last. */
  at: number;
  /** What was told to be missing: in the log, and to who asks now. */
  noted?: string;
  said?: string;
}> = { make: () => ({ loading: false, at: Number.NaN }) };

/** Reads what sessions take of this machine while somebody looks at it, with each answer of the server. */
export function followProcesses(deck: Deck): void {
  const { sampler, model } = deck;
  const { processes } = model;
  const by = lookedAtBy(deck);
  const held = deck.store.held(HELD);
  if (by !== 'question') delete held.said;
  if (by === undefined) {
    processes?.rest();
    return;
  }
  const { control } = sampler;
  if (control === undefined) return;
  if (processes === undefined) {
    if (!held.loading) void load(deck);
    return;
  }
  const { at } = model.part(activityPoll);
  if (held.at !== at || processes.resting) {
    held.at = at;
    processes.read(control, sessionsOf(deck));
  }
  tell(deck, by);
}

async function load(deck: Deck): Promise<void> {
  const held = deck.store.held(HELD);
  held.loading = true;
  // what is not looked at by everybody is not loaded with the first frames
  const [{ SessionProcesses }, { Processes }] = await Promise.all([
    import('./figures.ts'),
    import('../../hosts/processes.ts'),
  ]);
  deck.model.processes = new SessionProcesses(new Processes());
  followProcesses(deck);
  deck.nextRound();
}

/** How somebody looks: by a filter or an order that asks for them, or at what shows them; undefined: nobody does. */
function lookedAtBy({ state }: Deck): 'question' | 'view' | undefined {
  const panes = shownPanes(state);
  if (panes.includes(activityView)) {
    if (askedOnDemand(activityView, tableOf(state, activityView.id)).length > 0) return 'question';
    if (panes.length === 1) return 'view';
  }
  return openedBackend(state) && 'view';
}

function openedBackend({ overlay }: Deck['state']): Pick<Backend, 'pid' | 'backendStart'> | undefined {
  return overlay?.kind === 'detail' ? viewOf(overlay.view).backend?.(overlay.row) : undefined;
}

function* sessionsOf({ state, model }: Deck): Generator<Pick<Backend, 'pid' | 'backendStart'>> {
  const opened = openedBackend(state);
  if (opened) yield opened;
  for (const { pid, backend_start_us: backendStart } of model.rows(activityPoll)) yield { pid, backendStart };
}

/** What is missing is said once, and again only to who asks for it. */
function tell(deck: Deck, by: 'question' | 'view'): void {
  const { model, state } = deck;
  const held = deck.store.held(HELD);
  const missing =
    by === 'question'
      ? missingOf(activityView, tableOf(state, activityView.id), model)
      : (model.processes?.reason ?? model.processes?.ioReason);
  if (missing === undefined) return;
  if (by === 'question' && held.said !== missing) {
    held.said = missing;
    held.noted = missing;
    deck.say(missing);
  } else if (held.noted !== missing) {
    held.noted = missing;
    deck.note(missing, 'info', false);
  }
}
