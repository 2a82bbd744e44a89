import { characters } from '../../text/width.ts';
import { CONTEXTS, type Context } from '../core/action.ts';
import type { Action } from '../core/deck.ts';
import { KEY_NAMES } from '../core/keys.ts';

/** What is wrong with the keys of the settings, and where below `keys` it stands. */
export interface KeyFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Contexts in which characters are what somebody types. */
const TYPING: readonly Context[] = ['field', 'palette', 'form'];

/** What a terminal sends for another key, or keeps for itself. */
const TAKEN: Readonly<Record<string, string>> = {
  '^H': 'arrives as Backspace',
  '^I': 'arrives as Tab',
  '^J': 'arrives as Enter',
  '^M': 'arrives as Enter',
  '^S': 'is kept by terminals, which stop at it',
  '^Q': 'is kept by terminals, which go on at it',
};

/**
 * The actions with the keys of the settings, `{"find.filter": "f", "row.copy": ["y", "^Y"]}`: those that are not named
 * keep theirs. All of it is taken or nothing: with a fault, keys would not be where somebody expects them.
 *
 * @param keys as they stand in the settings, not checked yet
 */
export function bindKeys(
  actions: readonly Action[],
  keys: unknown,
): { readonly actions: readonly Action[]; readonly faults: readonly KeyFault[] } {
  if (keys === undefined) return { actions, faults: [] };
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys))
    return { actions, faults: [{ path: [], message: 'expected an object {…} of actions and their keys' }] };
  const given = Object.entries(keys).map(([id, value]) => ({ id, ...listOf(value) }));
  const faults = given.flatMap(({ id, list, wrong }): KeyFault[] => {
    const action = actions.find((one) => one.id === id);
    if (action === undefined) return [{ path: [id], message: `there is no action ${JSON.stringify(id)}` }];
    if (wrong) return [{ path: [id], message: 'expected a key such as "f", or a list […] of keys' }];
    if (list.length === 0 && !mayBeWithout(action))
      return [{ path: [id], message: 'it needs a key: without one nothing else does the same' }];
    return list.flatMap((key, at) => {
      const why = notAKey(key) ?? refused(action, keyOf(key));
      return why === undefined ? [] : [{ path: placeOf(keys, id, at), message: why }];
    });
  });
  const bound = actions.map((action) => {
    const own = given.find(({ id }) => id === action.id);
    return own ? { ...action, keys: [...new Set(own.list.map(keyOf))] } : action;
  });
  const named = keys as Readonly<Record<string, unknown>>;
  const all = faults.length > 0 ? faults : [...conflicts(bound, named), ...doubled(bound, named)];
  return all.length > 0 ? { actions, faults: all } : { actions: bound, faults: [] };
}

function listOf(value: unknown): { readonly list: readonly string[]; readonly wrong: boolean } {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((one) => typeof one === 'string');
  return { list: texts, wrong: texts.length < list.length };
}

/** What asks on the key that answers with yes: a hand that trembles, or a key that repeats, would do it unread. */
function doubled(actions: readonly Action[], keys: Readonly<Record<string, unknown>>): KeyFault[] {
  const yes = actions.find(({ id }) => id === 'dialog.yes');
  return actions.flatMap((action) =>
    action === yes || action.danger !== true
      ? []
      : action.keys
          .filter((key) => yes?.keys.includes(key))
          .map((key) => {
            const moved = Object.hasOwn(keys, action.id) ? action.id : 'dialog.yes';
            return {
              path: placeOf(keys, moved, listOf(keys[moved]).list.map(keyOf).indexOf(key)),
              message: `${key} asks by ${JSON.stringify(action.id)} (${action.title}) and would answer by "dialog.yes": pressed twice, it is done unread`,
            };
          }),
  );
}

/** In a list, the key itself. */
function placeOf(keys: object, id: string, at: number): readonly (string | number)[] {
  return Array.isArray((keys as Readonly<Record<string, unknown>>)[id]) ? [id, at] : [id];
}

/** `Enter`, `ENTER` and `enter` are one key, and so are `^f` and `^F`; `f` and `F` are two. */
function keyOf(text: string): string {
  const small = text.toLowerCase();
  if (/^\^[a-z]$/.test(small)) return small.toUpperCase();
  return (
    Object.keys(KEY_NAMES).find((key) => key === small || KEY_NAMES[key]?.toLowerCase() === small) ?? text
  );
}

/** Why a text is no key; undefined where it is one. */
function notAKey(text: string): string | undefined {
  const key = keyOf(text);
  const taken = TAKEN[key];
  if (taken !== undefined) return `${key} is no key that can be had: it ${taken}`;
  if (Object.hasOwn(KEY_NAMES, key) || /^\^[A-Z]$/.test(key)) return undefined;
  if (characters(key).length === 1 && /^[^\p{C}\p{Z}]/u.test(key)) return undefined;
  return `${JSON.stringify(text)} is no key: expected a character, ^A to ^Z, or one of ${Object.keys(KEY_NAMES).join(', ')}`;
}

/** Why an action may not be on a key. */
function refused({ scope, danger }: Action, key: string): string | undefined {
  const own = [...new Set(TYPING.flatMap((context) => CONTEXTS[context]))];
  if (own.includes(scope) && characters(key).length === 1)
    return `${key} is typed there: expected a key that is no character`;
  if (danger !== true) return undefined;
  // a slip of the hand that holds Ctrl, or the Enter that closes what was there before, ends nothing
  if (key.startsWith('^') && key.length === 2)
    return `it can destroy something, and ${key} is too near to a slip`;
  return key === 'enter' || key === 'space'
    ? `it can destroy something, and ${key} is pressed too easily`
    : undefined;
}

/** What somebody may live without: everything that the palette has too. */
function mayBeWithout({ id, scope }: Action): boolean {
  return ['screen', 'table', 'row'].includes(scope) && id !== 'run.palette';
}

/** Two actions on one key where both could be meant, told where it stands in the settings. */
function conflicts(actions: readonly Action[], keys: Readonly<Record<string, unknown>>): KeyFault[] {
  const faults = new Map<string, KeyFault>();
  for (const scopes of Object.values(CONTEXTS)) {
    const known = new Map<string, Action>();
    for (const action of actions.filter(({ scope }) => scopes.includes(scope)))
      for (const key of action.keys) {
        const other = known.get(key);
        known.set(key, action);
        if (other === undefined) continue;
        // one of the two was moved there
        const moved = Object.hasOwn(keys, action.id) ? action : other;
        const list = listOf(keys[moved.id]).list.map(keyOf);
        faults.set(`${key} ${other.id} ${action.id}`, {
          path: placeOf(keys, moved.id, list.indexOf(key)),
          message: `${key} is the key of both ${JSON.stringify(other.id)} (${other.title}) and ${JSON.stringify(action.id)} (${action.title})`,
        });
      }
  }
  return [...faults.values()];
}
