import { EventEmitter } from 'node:events';
import headless from '@xterm/headless';
import { render, Text } from 'ink';
import { createElement } from 'react';
import { expect, onTestFinished } from 'vitest';
import { Screen } from '../../../src/ui/terminal/screen.ts';

export const COLUMNS = 30;
export const ROWS = 8;

/** A terminal that keeps what was written to it. */
export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  columns = COLUMNS;
  rows = ROWS;
  written = '';
  readonly xterm = new headless.Terminal({
    cols: COLUMNS,
    rows: ROWS,
    allowProposedApi: true,
    convertEol: true,
  });
  #done: Promise<void> = Promise.resolve();

  write(text: string, done?: () => void): boolean {
    this.written += text;
    this.#done = new Promise((resolve) => this.xterm.write(text, resolve));
    done?.();
    return true;
  }

  /** What has been written since the last call. */
  taken(): string {
    const text = this.written;
    this.written = '';
    return text;
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.xterm.resize(columns, rows);
    this.emit('resize');
  }

  /** Every cell with its look, by place. */
  async cells(): Promise<Map<string, string>> {
    await this.#done;
    const { active } = this.xterm.buffer;
    const cells = new Map<string, string>();
    for (let y = 0; y < this.rows; y++)
      for (let x = 0; x < this.columns; x++) {
        const cell = active.getLine(active.baseY + y)?.getCell(x);
        const look = cell && [
          cell.getFgColorMode(),
          cell.getFgColor(),
          cell.getBgColorMode(),
          cell.getBgColor(),
          cell.isBold(),
          cell.isDim(),
          cell.isItalic(),
          cell.isUnderline(),
          cell.isInverse(),
          cell.isStrikethrough(),
        ];
        cells.set(`row ${y} column ${x}`, `${cell?.getChars() || ' '.repeat(cell?.getWidth() ?? 0)} ${look}`);
      }
    return cells;
  }
}

/** The same bytes to a terminal as they are, and to another by way of the screen. */
export function pair() {
  const direct = new FakeTerminal();
  const behind = new FakeTerminal();
  const screen = new Screen(behind);
  return {
    direct,
    behind,
    screen,
    write: (text: string) => {
      direct.write(text);
      screen.write(text);
    },
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
