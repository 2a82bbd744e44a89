import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import type { Pty } from '../../support/terminal/pty.ts';
import { openConsole } from '../console.ts';

let db: TestDatabase;
let pty: Pty;
beforeAll(async () => {
  db = await testDatabase();
  pty = await openConsole(db.target(), { shared: true, cols: 120, rows: 40 });
});
afterAll(() => db.drop());

const count = (screen: readonly string[], text: string | RegExp) =>
  screen.filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))).length;

/** Waits for a frame of this size; says what is wrong with the last one when none comes. */
async function whole(cols: number, rows: number): Promise<void> {
  const met = (screen: readonly string[]) => {
    try {
      expectWhole(screen, cols, rows);
      return true;
    } catch {
      return false;
    }
  };
  await pty.waitFor(met, { what: 'a whole frame' }).catch(() => expectWhole(pty.screen(), cols, rows));
}

/** One header, one row of tabs where there is room, one footer in the last row, and every pane once. */
function expectWhole(screen: readonly string[], cols: number, rows: number): void {
  expect(screen).toHaveLength(rows);
  expect(Math.max(...screen.map((line) => line.length))).toBeLessThanOrEqual(cols);
  expect(screen.map((line) => line.startsWith(` ${db.database} `)).indexOf(true)).toBe(0);
  expect(count(screen, / RW\b/)).toBe(1);
  expect(count(screen, '1 Overview')).toBe(rows >= 20 ? 1 : 0);
  expect(count(screen, '? help  q quit')).toBe(1);
  expect(screen.at(-1)).toContain('? help  q quit');
  for (const pane of ['Activity', 'Locks', 'Cache ratio', 'Table sizes'])
    expect(count(screen, new RegExp(`[▶ ] ${pane}( {2}|$)`)), pane).toBe(1);
}

test.each([
  [120, 40],
  [60, 16],
  [200, 50],
  [80, 24],
  [61, 19],
  [120, 40],
])('%ix%i: a whole frame and nothing left of the one before', async (cols, rows) => {
  pty.resize(cols, rows);
  await whole(cols, rows);
  // the frames that follow are only what has changed
  const drawn = pty.mark();
  await pty.waitFor(() => pty.mark() > drawn, { what: 'the next frame' });
  expectWhole(pty.screen(), cols, rows);
});

test('too small: a message and q; keys that act on what cannot be seen do nothing', async () => {
  pty.resize(30, 8);
  const screen = await pty.waitFor('pgdeck needs 40x10');
  expect(screen.filter((line) => line !== '')).toEqual([screen[0]]);
  pty.press('3', 'K', 'y');
  pty.press('?');
  await pty.waitFor('q quit, Esc back');
  pty.press('esc');
  await pty.waitFor('pgdeck needs 40x10');
  pty.resize(80, 24);
  await whole(80, 24);
  pty.resize(39, 24);
  await pty.waitFor('pgdeck needs 40x10, this is 39x24.');
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});
