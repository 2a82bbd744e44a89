import { Box } from 'ink';
import Spinner from 'ink-spinner';
import type { ReactElement } from 'react';
import { isBusy } from '../../app/busy.ts';
import type { Deck } from '../../app/core/deck.ts';
import { BUSY_CELLS } from '../../app/frame.ts';
import { useDeck } from './Lines.tsx';

/** Three cells that move while something is under way; each step redraws the screen, so it is a slow one (400 ms). */
export function Busy({ deck }: { readonly deck: Deck }): ReactElement | null {
  const busy = useDeck(deck, (d) => isBusy(d.state));
  if (!busy) return null;
  return (
    <Box width={BUSY_CELLS} flexShrink={0}>
      <Spinner type="simpleDots" />
    </Box>
  );
}
