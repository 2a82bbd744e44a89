import { Text } from 'ink';
import type { ReactElement } from 'react';
import { useSyncExternalStore } from 'react';
import type { Deck } from '../../app/deck.ts';
import type { Line } from '../../text/line.ts';
import type { Paint } from '../theme.ts';

/**
 * Lines computed from the state, as one text. A new state that gives the same lines gives the same string, so that
 * nothing is rendered and nothing is written to the terminal.
 */
export function Lines({
  deck,
  paint,
  of,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly of: (deck: Deck) => readonly Line[];
}): ReactElement {
  const text = useSyncExternalStore(deck.store.subscribe, () => of(deck).map(paint).join('\n'));
  return <Text wrap="truncate-end">{text}</Text>;
}

/** A value of the state; the component is rendered again only when it changes. */
export function useDeck<Value>(deck: Deck, select: (deck: Deck) => Value): Value {
  return useSyncExternalStore(deck.store.subscribe, () => select(deck));
}
