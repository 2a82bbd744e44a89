import { afterAll, beforeAll, expect, test } from 'vitest';
import { place } from '../../../src/db/errors.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { connection, expectRestored, live, run } from '../console.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test.each([
  [80, 24],
  [120, 40],
])('the first live frame at %ix%i; q ends with 0 and gives the terminal back', async (cols, rows) => {
  const pty = run(connection(db.target()), { cols, rows });
  const before = pty.modes();
  const screen = await live(pty);
  const text = screen.join('\n');
  expect(screen[0]).toContain(place(db.target()));
  expect(screen[0]).toContain('primary');
  for (const pane of ['Activity', 'Locks', 'Cache ratio', 'Table sizes'])
    expect(text).toMatch(new RegExp(`^(.*  |▶ )${pane}(  |$)`, 'm'));
  expect(text).toMatch(/^ conn\w+ \d+ .* WAL\/s /m);
  expect(screen.at(-1)).toMatch(/\/ filter.* \? help {2}q quit$/);
  expect([pty.alternate, pty.bracketedPaste, pty.cursorShown]).toEqual([true, true, false]);
  expect(pty.modes()).not.toBe(before);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toBe('');
});
