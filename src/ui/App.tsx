import { Box, Text, useApp, useInput, usePaste, useWindowSize } from 'ink';
import { type ReactElement, useEffect, useMemo } from 'react';
import type { Console } from '../app/console.ts';
import type { Deck } from '../app/core/deck.ts';
import { keyOr } from '../app/core/keys.ts';
import { type Band, frameOf, isTooSmall, shapeOf } from '../app/frame.ts';
import { contextOf, MINIMUM } from '../app/keymap.ts';
import { keyNames } from './input.ts';
import { Busy } from './parts/Busy.tsx';
import { Lines, useDeck } from './parts/Lines.tsx';
import { Outcomes } from './screens/Outcomes.tsx';
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

  const size = { columns, rows };
  const screen = useDeck(deck, (d) => d.state.screen);
  const zoomed = useDeck(deck, (d) => d.state.zoomed);
  const alerted = useDeck(deck, (d) => shapeOf(d).alerted);
  const typing = useDeck(deck, (d) => shapeOf(d).typing);
  const body = useDeck(deck, (d) => shapeOf(d).body);
  const help = useDeck(deck, (d) => contextOf(d.state) === 'small' && d.state.overlay?.kind === 'help');
  const bands = useMemo(
    () => frameOf({ size: { columns, rows }, alerted, typing, screen, zoomed, body }),
    [columns, rows, alerted, typing, screen, zoomed, body],
  );
  if (isTooSmall(size))
    return (
      <Box width={columns} height={rows} overflow="hidden">
        <Text wrap="truncate-end">
          {help
            ? `${keyOr(deck, 'quit')} quit, ${keyOr(deck, 'back')} back`
            : `pgdeck needs ${MINIMUM.columns}x${MINIMUM.rows}, this is ${columns}x${rows}. ${keyOr(deck, 'quit')} quits.`}
        </Text>
      </Box>
    );
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {bands.map((band) => (
        <Box
          key={band.id}
          height={band.height}
          flexShrink={0}
          columnGap={isSplit(band) ? 1 : 0}
          overflow={typeof band.content === 'string' ? 'hidden' : 'visible'}
        >
          <Content deck={deck} paint={paint} band={band} columns={columns} />
        </Box>
      ))}
    </Box>
  );
}

/** Several regions stand side by side in it. */
const isSplit = ({ content }: Band): boolean => typeof content !== 'string' && content.length > 1;

function Content({
  deck,
  paint,
  band: { id, content, height },
  columns,
}: {
  readonly deck: Deck;
  readonly paint: Paint;
  readonly band: Band;
  readonly columns: number;
}): ReactElement {
  if (content === 'wizard') return <Wizard deck={deck} paint={paint} columns={columns} rows={height} />;
  if (content === 'outcomes') return <Outcomes deck={deck} height={height} />;
  return (
    <>
      {id === 'footer' && <Busy deck={deck} />}
      {content.map((region) => (
        <Box key={region.id} flexShrink={0} {...(content.length > 1 && { width: region.width })}>
          <Lines deck={deck} paint={paint} of={region.lines} />
        </Box>
      ))}
    </>
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
