import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { place } from '../../../src/db/errors.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { connection, expectRestored, live, openConsole, PROGRAM, run } from '../console.ts';

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
  expect(screen[1]).toMatch(/^ conns \d+\/\d+ .* tps .* wal .* xmin /);
  if (rows >= 40) expect(text).toMatch(/^ conns .* tps .* WAL\/s /m);
  expect(screen.at(-1)).toMatch(/\/ filter.* \? help {2}q quit$/);
  // the first figures may stand there before Ink does, which asks for what is pasted to be told
  await pty.waitFor(() => pty.bracketedPaste, { what: 'Ink' });
  expect([pty.alternate, pty.bracketedPaste, pty.cursorShown]).toEqual([true, true, false]);
  expect(pty.modes()).not.toBe(before);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toBe('');
});

test('nothing of an operation is loaded before one is opened', async () => {
  const list = join(temporaryDirectory(), 'loaded');
  // notes every file that is loaded
  const hook = `import{registerHooks}from"node:module";import{appendFileSync}from"node:fs";registerHooks({load(u,c,n){appendFileSync(${JSON.stringify(list)},u+"\\n");return n(u,c)}})`;
  const options = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
  const pty = await openConsole(db.target(), { env: { NODE_OPTIONS: options } });
  const loaded = () =>
    readFileSync(list, 'utf8')
      .split('\n')
      .filter((url) => url.startsWith('file:'))
      .map((url) => fileURLToPath(url));
  const directory = dirname(PROGRAM);
  const files = readdirSync(directory).filter((file) => file.endsWith('.js'));
  /** The files of the program in which a text stands. */
  const holding = (text: string) =>
    files.map((file) => join(directory, file)).filter((file) => readFileSync(file, 'utf8').includes(text));
  const fields = holding('rewrite the table, without bloat');
  const outside = holding('as outsideFacts}');
  expect(outside).not.toEqual([]);
  const all = loaded();
  // behind the first frames it looks for what is outside of the server, as in the crontab: that may have begun
  const first = all.findIndex((file) => outside.includes(file));
  const before = first < 0 ? all : all.slice(0, first);
  for (const [found, among] of [
    [fields, all],
    [holding('libpg-query'), all],
    [holding('CronPattern'), before],
  ] as const) {
    expect(found).not.toEqual([]);
    expect(among.filter((file) => found.includes(file))).toEqual([]);
  }
  pty.press('4', 'v');
  await pty.waitFor('Rewrite (FULL)');
  expect(loaded()).toEqual(expect.arrayContaining(fields));
});
