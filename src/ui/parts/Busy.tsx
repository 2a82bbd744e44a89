import { Box } from 'ink';
import Spinner from 'ink-spinner';
import type { ReactElement } from 'react';
import { isBusy } from '../../app/busy.ts';
import type { Deck } from '../../app/deck.ts';
import { useDeck } from './Lines.tsx';

/** Three cells that move while something is under way; each step redraws the screen, so it is a slow one (400 ms). */
export function Busy({ deck }: { readonly deck: Deck }): ReactElement | null {
  const busy = useDeck(deck, (d) => isBusy(d.state));
  if (!busy) return null;
  return (
    <Box width={4} flexShrink={0}>
      <Spinner type="simpleDots" />
    </Box>
  );
}
