import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import type { Pty } from '../../support/terminal/pty.ts';
import { until } from '../../support/until.ts';
import { connection, expectRestored, live, PROGRAM, runCommand } from '../console.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

/** The console, with a line put before the module that holds Ink. */
function runBefore(line: string, args: readonly string[] = connection(db.target())): Pty {
  const hook = `import{registerHooks}from"node:module";registerHooks({load(url,context,next){
    const module=next(url,context);
    return /[/]mount-[^/]*$/.test(url)?{...module,source:${JSON.stringify(line)}+module.source}:module}})`;
  const imported = `data:text/javascript,${encodeURIComponent(hook)}`;
  return runCommand(process.execPath, ['--import', imported, PROGRAM, ...args]);
}

/** Ink comes with a signal; the terminal's title tells when that is awaited. */
const HELD = `await new Promise((go)=>{process.once('SIGUSR2',go);process.stderr.write('\\x1b]0;held\\x07')});`;
const held = (pty: Pty) => until(() => pty.titles.includes('held'), { what: 'Ink to be awaited' });

test('the first frame is there before Ink is; keys wait for it and are not echoed', async () => {
  const pty = runBefore(HELD);
  const before = await pty.waitFor(/1 Overview +2 Activity/);
  expect(before[0]).toContain(db.target().database);
  expect([pty.alternate, pty.cursorShown]).toEqual([true, false]);
  await held(pty);
  expect(pty.modes()).toMatch(/-icanon.*-echo /s);
  pty.press('6');
  pty.kill('SIGUSR2');
  await pty.waitFor(/^ {2}Statements /m);
  await live(pty);
  expect(pty.bytes().match(/\u001b\[\?1049h/g)).toHaveLength(1);
});

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
] as const)('%s before Ink is there restores the terminal and ends with %i', async (signal, code) => {
  const pty = runBefore(HELD);
  const before = pty.modes();
  await pty.waitFor(/1 Overview +2 Activity/);
  await held(pty);
  pty.kill(signal);
  expect(await pty.exit).toEqual({ code, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toBe('');
});

test('a connection that fails before Ink is there restores the terminal, and is told there', async () => {
  const pty = runBefore(HELD, ['-h', '/nowhere', '-U', 'nobody']);
  const before = pty.modes();
  expect(await pty.exit).toEqual({ code: 3, signal: 0 });
  expectRestored(pty, before);
  expect(pty.bytes()).toContain('Overview');
  expect(pty.text()).toMatch(/^pgdeck: .*\/nowhere/m);
});

test('when Ink cannot be loaded the terminal is restored, and says why', async () => {
  const pty = runBefore("throw new Error('no room for Ink');");
  const before = pty.modes();
  expect(await pty.exit).toEqual({ code: 1, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toContain('no room for Ink');
});
