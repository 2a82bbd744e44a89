import { Text, Transform } from 'ink';
import { type ReactElement, useRef, useSyncExternalStore } from 'react';
import type { Deck } from '../../app/core/deck.ts';
import type { AppState } from '../../app/core/state.ts';
import type { Line } from '../../text/line.ts';
import type { Paint } from '../theme.ts';

/**
 * Lines computed from the state. A new state that gives the same lines gives the same string, so that nothing is
 * rendered and nothing is written to the terminal.
 *
 * Ink gets blank rows and puts the lines in their place at the very end: it would clean, measure and cut them on every
 * frame, twice as much work as all the rest, and they are clean and of the right width already.
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
  const text = useOnce(deck, of, () => of(deck).map(paint).join('\n'));
  const lines = text.split('\n');
  return (
    <Transform transform={(_blank, row) => lines[row] ?? ''} accessibilityLabel={text}>
      <Text>{`${'\n'.repeat(lines.length - 1)} `}</Text>
    </Transform>
  );
}

/** A value of the state; the component is rendered again only when it changes. */
export function useDeck<Value>(deck: Deck, select: (deck: Deck) => Value): Value {
  return useSyncExternalStore(deck.store.subscribe, () => select(deck));
}

/** Like {@link useDeck}, computed once per state: React asks three times per change. */
function useOnce(deck: Deck, of: unknown, compute: () => string): string {
  const last = useRef<{ state: AppState; of: unknown; text: string }>(undefined);
  return useSyncExternalStore(deck.store.subscribe, () => {
    const { state } = deck;
    if (last.current?.state !== state || last.current.of !== of)
      last.current = { state, of, text: compute() };
    return last.current.text;
  });
}
