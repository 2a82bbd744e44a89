import type { Action, Scope } from './actions/action.ts';
import { ACTIONS } from './actions/registry.ts';
import type { Deck } from './deck.ts';
import type { AppState } from './state.ts';
import { editField } from './text-field.ts';
import { typeKey } from './wizard/flow.ts';
import { openedWizard, type Wizard } from './wizard/state.ts';

/** Below this the screen cannot show what a key would act on: only help and quit work. */
export const MINIMUM = { columns: 40, rows: 10 };

/** What lies on top decides which keys there are. */
export type Context =
  | 'screen'
  | 'reader'
  | 'detail'
  | 'dialog'
  | 'field'
  | 'palette'
  | 'form'
  | 'plan'
  | 'progress'
  | 'result'
  | 'small';

/** The scopes of each context, asked in this order. Within one context no key may stand twice. */
export const CONTEXTS: Readonly<Record<Context, readonly Scope[]>> = {
  screen: ['table', 'row', 'screen', 'quit', 'always'],
  reader: ['reader', 'close', 'screen', 'quit', 'always'],
  detail: ['reader', 'close', 'row', 'screen', 'quit', 'always'],
  dialog: ['dialog', 'always'],
  field: ['field', 'always'],
  palette: ['field', 'palette', 'always'],
  form: ['form', 'always'],
  plan: ['plan', 'reader', 'always'],
  progress: ['progress', 'reader', 'always'],
  result: ['result', 'reader', 'always'],
  small: ['quit', 'always'],
};

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
      return 'palette';
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

const tables = new Map<Context, ReadonlyMap<string, Action>>();

/** The action of a key in a context. */
export function lookup(context: Context, key: string): Action | undefined {
  let table = tables.get(context);
  if (!table) {
    const scopes = CONTEXTS[context];
    table = new Map(
      ACTIONS.filter((a) => scopes.includes(a.scope)).flatMap((a) =>
        a.keys.map((k): [string, Action] => [k, a]),
      ),
    );
    tables.set(context, table);
  }
  return table.get(key);
}

/** Runs what a key means now. While a text field is open, characters belong to it. */
export function dispatch(deck: Deck, key: string): void {
  const context = contextOf(deck.state);
  const found = lookup(context, key);
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
  if (reason === undefined) action.run(deck);
  else deck.say(`${action.title}: ${reason}.`, 'error');
}
