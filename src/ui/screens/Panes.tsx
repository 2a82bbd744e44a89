import { Box } from 'ink';
import type { ReactElement } from 'react';
import type { Deck } from '../../app/core/deck.ts';
import { layoutOf, type PaneBox } from '../../app/screen/layout.ts';
import { sparklineLines } from '../../app/screen/sparklines.ts';
import { paneLines } from '../../app/screen/table.ts';
import { Lines, useDeck } from '../parts/Lines.tsx';
import type { Paint } from '../theme.ts';

/** The panes of the open screen: one below the other, or two by two where the terminal is wide. */
export function Panes({
  deck,
  paint,
  columns,
  rows,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly columns: number;
  readonly rows: number;
}): ReactElement {
  const screen = useDeck(deck, (d) => d.state.screen);
  const { panes, sparklines } = layoutOf({ size: { columns, rows }, screen });
  return (
    <Box flexDirection="column">
      {sparklines > 0 && (
        <Box height={sparklines}>
          <Lines deck={deck} paint={paint} of={(d) => sparklineLines(d, columns, sparklines)} />
        </Box>
      )}
      {panes.map((group) => (
        <Box key={group.map((box) => box.view).join()} height={group[0]?.height ?? 0} columnGap={1}>
          {group.map((box) => (
            <Pane key={box.view} deck={deck} paint={paint} box={box} />
          ))}
        </Box>
      ))}
    </Box>
  );
}

function Pane({
  deck,
  paint,
  box,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly box: PaneBox;
}): ReactElement {
  return (
    <Box width={box.width} height={box.height} flexShrink={0}>
      <Lines deck={deck} paint={paint} of={(d) => paneLines(d, box)} />
    </Box>
  );
}
