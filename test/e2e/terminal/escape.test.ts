import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import type { Pty } from '../../support/terminal/pty.ts';
import { connection, openConsole, run } from '../console.ts';

/** What a terminal would act on: a title, a clear, the clipboard, colours, the alternate screen; and what hides text. */
const ATTACK = [
  '\u001b]0;PWNED\u0007',
  '\u001b[2J\u001b[H',
  `\u001b]52;c;${Buffer.from('PWNED').toString('base64')}\u0007`,
  '\u001b[?1049l',
  '\u009b31m',
  'line one\nline two\r\ttabbed',
  '\u202egnirts\u200b',
].join('');

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  const attacker = await client(db.target(), `evil ${ATTACK}`);
  await attacker.sql(`CREATE TABLE "t ${ATTACK}" AS SELECT i FROM generate_series(1, 5000) i`);
  await attacker.sql('ANALYZE');
  attacker.sql(`SELECT '${ATTACK}', pg_sleep(600)`).catch(() => {});
});
afterAll(() => db.drop());

/** Nothing of the attack has reached the terminal; a clear of the screen is allowed where we make one ourselves. */
function expectUnharmed(pty: Pty, clears: number): void {
  for (const harm of ['\u001b]', '\u009b', '\u0007', '\u202e', '\u200b'])
    expect(pty.bytes().includes(harm), JSON.stringify(harm)).toBe(false);
  expect(pty.bytes().split('\u001b[2J').length - 1).toBe(clears);
  expect(pty.titles).toEqual([]);
  expect(pty.clipboard).toEqual([]);
}

const CLEANED = "SELECT 'line one line two tabbed·gnirts·', pg_sleep(600)";

test('the console shows hostile text as one cleaned line, wherever it comes from', async () => {
  const pty = await openConsole(db.target(), { cols: 200 });
  pty.press('2');
  pty.press('/');
  pty.type('line two');
  pty.press('enter');
  await pty.waitFor((screen) => screen.filter((line) => line.includes(CLEANED)).length === 1, {
    what: 'one row',
  });
  pty.press('enter');
  // the same lines stand below the list too
  await pty.waitFor('Activity: details');
  await pty.waitFor("  SELECT 'line one\n  line two\n    tabbed·gnirts·', pg_sleep(600)");
  pty.press('esc');
  await pty.waitFor((screen) => !screen.join('\n').includes('Activity: details'), { what: 'the list again' });
  pty.press('K');
  await pty.waitFor(` -      ${CLEANED}`);
  pty.press('n', '4');
  await pty.waitFor((screen) => screen.filter((line) => line.includes('"t line one line t"')).length === 1, {
    what: 'one table',
  });
  expect(pty.alternate).toBe(true);
  expectUnharmed(pty, 0);
});

test.each([['--limit', '5'], ['--csv'], ['--json'], ['--ndjson']])(
  'pgdeck show activity %s: on a terminal it is cleaned too',
  async (...format) => {
    const pty = run(['show', 'activity', ...format, ...connection(db.target())], { cols: 400 });
    expect(await pty.exit).toEqual({ code: 0, signal: 0 });
    // other sessions of the server may have pushed it off the screen
    expect(pty.history().join('\n')).toContain(CLEANED);
    expectUnharmed(pty, 0);
  },
);
