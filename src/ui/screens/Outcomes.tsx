import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import type { Deck } from '../../app/core/deck.ts';
import { toldOf } from '../../app/signal/lines.ts';
import { OUTCOME_TITLES, outcomeRows, resultText } from '../../app/signal/outcomes.ts';
import { useDeck } from '../parts/Lines.tsx';
import { ResultTable } from '../parts/ResultTable.tsx';

/** What became of several sessions, as a table. */
export function Outcomes({
  deck,
  height,
}: {
  readonly deck: Deck;
  readonly height: number;
}): ReactElement | null {
  const text = useDeck(deck, (d) => JSON.stringify(outcomeRows(d.state, height) ?? null));
  const rows = JSON.parse(text) as string[][] | null;
  const result = useDeck(deck, (d) => resultText(d.state));
  if (!rows) return null;
  return (
    <Box flexDirection="column" height={height} paddingLeft={1} overflow="hidden">
      <Text bold>{result}</Text>
      <ResultTable titles={OUTCOME_TITLES} rows={rows} />
      <Text dimColor>{toldOf(deck)}</Text>
    </Box>
  );
}
