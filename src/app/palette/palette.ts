import { CONTEXTS } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { namedServers } from '../servers/switch.ts';
import { typedCommand } from './command.ts';

/** Keys that move are no commands anybody looks for by name. */
function listed(deck: Deck): readonly Action[] {
  return deck.actions.filter(
    (a) =>
      CONTEXTS.screen.includes(a.scope) &&
      !/^(move\.|run\.palette|back)/.test(a.id) &&
      !(a.danger && deck.readOnly),
  );
}

/** What an action is called, whole: its title, or its id without its kind, as in `health` of `screen.health`, `db drop` of `run.db.drop`. */
function isCalled({ title, id }: Action, text: string): boolean {
  return title.toLowerCase() === text || id.slice(id.indexOf('.') + 1).replaceAll('.', ' ') === text;
}

/**
 * Servers of that name, behind an action that is called so: nobody who types it wants to leave the server. Then the
 * actions whose title or id has every word, those that begin with the text first; then a command with what it is given.
 */
export function paletteMatches(deck: Deck, text: string): readonly Action[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const usable = listed(deck);
  if (words.length === 0) return usable;
  const whole = words.join(' ');
  const rank = (a: Action) => {
    if (isCalled(a, whole)) return -1;
    return a.title.toLowerCase().startsWith(whole) ? 0 : 1;
  };
  const found = usable.filter((a) => words.every((w) => `${a.title} ${a.id}`.toLowerCase().includes(w)));
  const typed = typedCommand(text);
  return [
    ...found.filter((a) => rank(a) < 0),
    ...namedServers(deck, whole),
    ...found.filter((a) => rank(a) === 0),
    ...(typed === undefined ? [] : [typed]),
    ...found.filter((a) => rank(a) > 0),
  ];
}

/** Runs the highlighted entry of the open palette. */
export function choosePalette(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'palette') return;
  const matches = paletteMatches(deck, overlay.field.text);
  const chosen = matches[Math.min(overlay.index, matches.length - 1)];
  deck.open(undefined);
  if (chosen) deck.perform(chosen);
}
