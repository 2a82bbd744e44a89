import { Box, Text } from 'ink';
import { type ReactElement, useEffect, useMemo } from 'react';
import type { Deck } from '../../app/core/deck.ts';
import { openedWizard } from '../../app/core/state.ts';
import type { PlacedBlock, TableBlock } from '../../app/wizard/lines/document.ts';
import { type WizardLayout, wizardLayout } from '../../app/wizard/lines/layout.ts';
import type { Line } from '../../text/line.ts';
import { Lines, useDeck } from '../parts/Lines.tsx';
import { preloadTable, ResultTable } from '../parts/ResultTable.tsx';
import type { Paint } from '../theme.ts';

/** Any operation on its way: form, plan, question, run, result. */
export function Wizard({
  deck,
  paint,
  columns,
  rows,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly columns: number;
  readonly rows: number;
}): ReactElement | null {
  const wizard = useDeck(deck, (d) => openedWizard(d.state));
  const layout = useMemo(
    () => (wizard && columns > 0 && rows > 0 ? wizardLayout(deck, wizard, { columns, rows }) : undefined),
    [deck, wizard, columns, rows],
  );
  const open = wizard !== undefined;
  useEffect(() => {
    if (open) void preloadTable();
  }, [open]);
  if (!layout) return null;
  return (
    <Box flexDirection="column" height={rows} overflow="hidden">
      <Fixed deck={deck} paint={paint} lines={layout.head} />
      <Body deck={deck} paint={paint} layout={layout} />
      {layout.foot.length > 0 && <Fixed deck={deck} paint={paint} lines={layout.foot} />}
    </Box>
  );
}

function Body({
  deck,
  paint,
  layout,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly layout: WizardLayout;
}): ReactElement {
  return (
    <Box flexDirection="column" height={layout.bodyRows} flexShrink={0} overflow="hidden">
      {layout.body.map((block, at) => (
        // pieces have no name of their own, and their order does not change while they are seen
        // biome-ignore lint/suspicious/noArrayIndexKey: as said above
        <Piece key={at} deck={deck} paint={paint} block={block} />
      ))}
    </Box>
  );
}

function Piece({
  deck,
  paint,
  block,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly block: PlacedBlock;
}): ReactElement {
  if (block.kind === 'lines') return <Fixed deck={deck} paint={paint} lines={block.lines} />;
  return (
    <Box flexDirection="column" height={block.height} flexShrink={0} paddingLeft={1} overflow="hidden">
      <Box flexDirection="column" flexShrink={0} marginTop={-(block.hidden ?? 0)}>
        <Table table={block.table} ascii={deck.ascii} />
      </Box>
    </Box>
  );
}

function Table({ table, ascii }: { readonly table: TableBlock; readonly ascii: boolean }): ReactElement {
  return <ResultTable titles={table.titles} rows={table.rows} ascii={ascii} />;
}

/** Lines that were computed already. */
function Fixed({
  deck,
  paint,
  lines,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly lines: readonly Line[];
}): ReactElement {
  const of = useMemo(() => () => lines, [lines]);
  return (
    <Box height={lines.length} flexShrink={0}>
      {lines.length === 0 ? <Text> </Text> : <Lines deck={deck} paint={paint} of={of} />}
    </Box>
  );
}
