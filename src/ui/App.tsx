import { Box, Text, useApp, useInput, usePaste, useWindowSize } from 'ink';
import { type ReactElement, useEffect } from 'react';
import { isBusy } from '../app/busy.ts';
import type { Console } from '../app/console.ts';
import { contextOf, MINIMUM } from '../app/keymap.ts';
import { overlayLines } from '../app/overlay.ts';
import { footerLine } from '../app/screen/footer.ts';
import { headerLines, tabsLine } from '../app/screen/header.ts';
import { layoutOf } from '../app/screen/layout.ts';
import { outcomeRows } from '../app/signal/outcomes.ts';
import { keyNames } from './input.ts';
import { BUSY_CELLS, Busy } from './parts/Busy.tsx';
import { Lines, useDeck } from './parts/Lines.tsx';
import { Outcomes } from './screens/Outcomes.tsx';
import { Panes } from './screens/Panes.tsx';
import { Wizard } from './screens/Wizard.tsx';
import type { Paint } from './theme.ts';

/** What only a running Ink can do, for those outside of it. */
export interface Bridge {
  suspend?: () => void;
}

/** The whole screen: header, tabs, panes or what lies over them, footer. Never taller than the terminal. */
export function App({
  deck,
  paint,
  bridge,
}: {
  readonly deck: Console;
  readonly paint: Paint;
  readonly bridge?: Bridge;
}): ReactElement {
  const { suspendTerminal } = useApp();
  useEffect(() => {
    if (bridge) bridge.suspend = () => void suspendTerminal(stopUntilContinued);
  }, [bridge, suspendTerminal]);
  const { columns, rows } = useWindowSize();
  useEffect(() => deck.resize(columns, rows), [deck, columns, rows]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) deck.key(name);
  });
  usePaste((text) => deck.paste(text));

  const { header, tabs, body } = layoutOf({ size: { columns, rows }, screen: deck.state.screen });
  const tabled = useDeck(deck, (d) => outcomeRows(d.state, body) !== undefined);
  const small = columns < MINIMUM.columns || rows < MINIMUM.rows;
  const covered = useDeck(deck, (d) => d.state.overlay !== undefined && d.state.overlay.kind !== 'filter');
  const wizard = useDeck(deck, (d) => d.state.overlay?.kind === 'wizard');
  const help = useDeck(deck, (d) => contextOf(d.state) === 'small' && d.state.overlay?.kind === 'help');
  if (small)
    return (
      <Box width={columns} height={rows} overflow="hidden">
        <Text wrap="truncate-end">
          {help
            ? 'q quit, Esc back'
            : `pgdeck needs ${MINIMUM.columns}x${MINIMUM.rows}, this is ${columns}x${rows}. q quits.`}
        </Text>
      </Box>
    );
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Box height={header} flexShrink={0}>
        <Lines deck={deck} paint={paint} of={(d) => headerLines(d, columns, header)} />
      </Box>
      {tabs > 0 && (
        <Box height={1} flexShrink={0}>
          <Lines deck={deck} paint={paint} of={(d) => [tabsLine(d, columns)]} />
        </Box>
      )}
      <Box height={body} flexShrink={0} overflow={tabled ? 'hidden' : 'visible'}>
        {!covered ? (
          <Panes deck={deck} paint={paint} columns={columns} rows={rows} />
        ) : wizard ? (
          <Wizard deck={deck} paint={paint} columns={columns} rows={body} />
        ) : tabled ? (
          <Outcomes deck={deck} height={body} />
        ) : (
          <Lines deck={deck} paint={paint} of={(d) => overlayLines(d, { columns, rows: body }) ?? []} />
        )}
      </Box>
      <Box height={1} flexShrink={0}>
        <Busy deck={deck} />
        <Lines
          deck={deck}
          paint={paint}
          of={(d) => [footerLine(d, columns - (isBusy(d.state) ? BUSY_CELLS : 0))]}
        />
      </Box>
    </Box>
  );
}

/** Longer than a signal takes to arrive. The time does not pass for a process that is stopped. */
const STOPPED_BY_NOW_MS = 100;

/**
 * Stops the whole process group, as the terminal does on ^Z where keys are not read raw. Without a shell that could
 * continue it (a terminal or tmux window that runs only pgdeck) the system ignores the signal: then nothing stops.
 */
function stopUntilContinued(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, STOPPED_BY_NOW_MS);
    process.once('SIGCONT', () => {
      clearTimeout(timer);
      resolve();
    });
    process.kill(0, 'SIGTSTP');
  });
}
