import { CONTEXTS, type Context } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import type { AppState } from './core/state.ts';
import { openedWizard } from './core/state.ts';
import { editField } from './core/text-field.ts';
import { typeKey } from './wizard/flow.ts';
import type { Wizard } from './wizard/types.ts';

/** Below this the screen cannot show what a key would act on: only help and quit work. */
export const MINIMUM = { columns: 40, rows: 10 };

export function contextOf(state: AppState): Context {
  const { overlay, size } = state;
  if (size.columns < MINIMUM.columns || size.rows < MINIMUM.rows) return 'small';
  switch (overlay?.kind) {
    case undefined:
      return 'screen';
    case 'signal':
    case 'leave':
      return 'dialog';
    case 'wizard':
      return wizardContext(openedWizard(state));
    case 'explain':
      return overlay.risk ? 'dialog' : 'reader';
    case 'palette':
    case 'servers':
      return 'palette';
    case 'commands':
      return 'commands';
    case 'sort':
      return 'picker';
    case 'arm':
    case 'filter':
    case 'idle':
    case 'password':
      return 'field';
    case 'detail':
      return 'detail';
    default:
      return 'reader';
  }
}

function wizardContext(wizard: Wizard | undefined): Context {
  switch (wizard?.phase.step) {
    case 'form':
      return 'form';
    case 'confirm':
      return wizard.phase.plan.danger === 'type-name' ? 'field' : 'dialog';
    case 'run':
      return wizard.phase.asked ? 'dialog' : 'progress';
    case 'result':
      return 'result';
    default:
      return 'plan';
  }
}

/** The actions of each context, by their keys. */
export type Keymap = ReadonlyMap<Context, ReadonlyMap<string, Action>>;

export function keymapOf(actions: readonly Action[]): Keymap {
  const contexts = Object.entries(CONTEXTS) as [Context, (typeof CONTEXTS)[Context]][];
  return new Map(
    contexts.map(([context, scopes]) => {
      const own = actions.filter((a) => scopes.includes(a.scope));
      return [context, new Map(own.flatMap((a) => a.keys.map((key): [string, Action] => [key, a])))];
    }),
  );
}

/** Runs what a key means now. While a text field is open, characters belong to it. */
export function dispatch(deck: Deck, keymap: Keymap, key: string): void {
  const found = keymap.get(contextOf(deck.state))?.get(key);
  if (found) {
    perform(deck, found);
    return;
  }
  const { overlay } = deck.state;
  if (overlay?.kind === 'wizard') typeKey(deck, key);
  if (overlay && 'field' in overlay) {
    const edited = editField(overlay.field, key);
    if (edited) deck.setField(edited);
  }
}

/** Runs an action, or says why not. */
export function perform(deck: Deck, action: Action): void {
  const reason = action.disabled?.(deck);
  if (reason === undefined) {
    action.run(deck);
    return;
  }
  const where = placeOf(deck.state);
  // elsewhere it would be read as if it were of that
  deck.say(`${action.title}: ${reason}.`, 'error', false, (state) => placeOf(state) === where);
}

/** What is on the screen, whatever is in it. */
function placeOf(state: AppState): string {
  return JSON.stringify([contextOf(state), state.screen, openedWizard(state)?.id]);
}
