import { render, Text } from 'ink';
import { createElement } from 'react';
import { expect, onTestFinished } from 'vitest';
import { Screen } from '../../src/ui/screen.ts';
import { TestScreen } from '../support/terminal/screen.ts';

export const COLUMNS = 30;
export const ROWS = 8;

/** The same bytes to a terminal as they are, and to another by way of the screen. */
export function pair() {
  const direct = new TestScreen(COLUMNS, ROWS);
  const behind = new TestScreen(COLUMNS, ROWS);
  const screen = new Screen(behind);
  return {
    direct,
    behind,
    screen,
    same: async (why: string) => {
      const expected = await direct.cells();
      const differing = [...(await behind.cells())].filter(([place, cell]) => expected.get(place) !== cell);
      expect(differing.slice(0, 3), why).toEqual([]);
    },
  };
}

/** Two Inks with the same frames: one straight to its terminal, one by way of the screen. */
export function inks(incrementalRendering = false) {
  const { direct, behind, screen, same } = pair();
  const options = {
    alternateScreen: true,
    incrementalRendering,
    interactive: true,
    patchConsole: false,
  };
  const both = [direct, screen].map((stream) =>
    render(null, { ...options, stdout: stream as unknown as NodeJS.WriteStream }),
  );
  screen.attach(() => both[1]?.clear());
  const end = () => {
    for (const ink of both) ink.unmount();
  };
  onTestFinished(end);
  return {
    direct,
    behind,
    same,
    end,
    draw: async (text: string) => {
      for (const ink of both) {
        ink.rerender(createElement(Text, { wrap: 'truncate-end' }, text));
        await ink.waitUntilRenderFlush();
      }
    },
  };
}
