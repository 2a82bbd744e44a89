import { cleanLine } from '../../text/clean.ts';
import { faultText } from '../../text/filter/filter.ts';
import { fitItems, fitLine, type Item, type Line, span } from '../../text/line.ts';
import type { Action, Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyName } from '../core/keys.ts';
import { fieldSpans } from '../core/text-field.ts';
import { fieldsText } from '../views/fields.ts';
import { viewOf } from '../views/registry.ts';

/** The footer: one line, or the filter that is typed and below it what is wrong with it, or what it may ask for. */
export function footerLines(deck: Deck, columns: number): Line[] {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'filter') return [footerLine(deck, columns)];
  const { more } = glyphsOf(deck);
  const { field, fault, view } = overlay;
  const below =
    fault === undefined
      ? span(` ${fieldsText(viewOf(view))}`, 'muted')
      : span(` ${cleanLine(faultText(field.text, fault))}`, 'alert');
  return [fieldSpans(' / ', field, columns), [below]].map((line) => fitLine(line, columns, more));
}

/** What can be done here, the most useful first; or the last message while it is new. */
export function footerLine(deck: Deck, columns: number): Line {
  const { toast } = deck.state;
  const { more } = glyphsOf(deck);
  if (toast && toast.holds?.(deck.state) !== false) {
    const tone = toast.level === 'error' ? 'alert' : toast.level === 'done' ? 'good' : 'accent';
    return fitLine([span(` ${toast.text}`, tone)], columns, more);
  }
  const { actions, scopes } = deck;
  const usable = actions
    .filter(
      (a) =>
        a.hint !== undefined &&
        scopes.includes(a.scope) &&
        !(a.danger && deck.readOnly) &&
        !(a.shortOn && a.shortOn(deck) === undefined) &&
        !a.disabled?.(deck),
    )
    .sort((a, b) => (a.hint ?? 0) - (b.hint ?? 0));
  const items = usable.map((a, i): Item => ({ priority: rank(a, i), spans: hint(deck, a) }));
  return fitLine([span(' '), ...fitItems(items, columns - 1)], columns, more);
}

/** Help and quit stay when the room is short: from there everything else is found. */
function rank(action: Action, at: number): number {
  return action.id === 'help' || action.id === 'quit' ? 0 : at + 1;
}

function hint(deck: Deck, action: Action): Line {
  return [
    span(keyName(action.keys[0] ?? '', deck.ascii), 'key'),
    span(` ${action.shortOn?.(deck) ?? action.short ?? action.title}`, 'muted'),
  ];
}
