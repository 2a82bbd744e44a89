import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { connection, expectRestored, live, PROGRAM, run, runCommand } from '../console.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test.each([
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
] as const)('%s restores the terminal and ends with %i', async (signal, code) => {
  const pty = run(connection(db.target()), { cols: 80, rows: 24 });
  const before = pty.modes();
  await live(pty);
  pty.kill(signal);
  expect(await pty.exit).toEqual({ code, signal: 0 });
  expectRestored(pty, before);
  expect(pty.text()).toBe('');
});

test.each([
  ['an exception', "throw new Error('crashed')"],
  ['a rejection', "Promise.reject(new Error('crashed'))"],
])('%s that nobody catches restores the terminal, and is printed there', async (_, crash) => {
  const onSignal = `data:text/javascript,process.on('SIGUSR2',()=>{${encodeURIComponent(crash)}})`;
  const args = ['--import', onSignal, PROGRAM, ...connection(db.target())];
  const pty = runCommand(process.execPath, args, { cols: 80, rows: 24 });
  const before = pty.modes();
  await live(pty);
  pty.kill('SIGUSR2');
  expect(await pty.exit).toEqual({ code: 1, signal: 0 });
  expectRestored(pty, before);
  expect(pty.history().join('\n')).toContain('Error: crashed');
});

test('^C quits like q', async () => {
  const pty = run(connection(db.target()), { cols: 80, rows: 24 });
  const before = pty.modes();
  await live(pty);
  pty.press('^C');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
  expectRestored(pty, before);
});

test('^Z gives the terminal to the shell, fg brings the screen back as it was', async () => {
  const script = `
    set -m
    "$@"
    echo "stopped with $?; $(stty -a | grep -o ' -\\?icanon') "
    read -r line
    fg >/dev/null
    echo "ended with $?"`;
  const args = ['-c', script, 'sh', process.execPath, PROGRAM, ...connection(db.target())];
  const pty = runCommand('/bin/sh', args, { cols: 80, rows: 24 });
  await live(pty);
  pty.press('6');
  await pty.waitFor(/^ {2}Statements /m);
  pty.press('^Z');
  await pty.waitFor(/stopped with \d+; {2}icanon/);
  expect([pty.alternate, pty.cursorShown, pty.bracketedPaste]).toEqual([false, true, false]);
  pty.press('enter');
  await pty.waitFor(/^ {2}Statements /m);
  expect([pty.alternate, pty.cursorShown, pty.bracketedPaste]).toEqual([true, false, true]);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
  expect(pty.text()).toContain('ended with 0');
});

test('^Z where no shell could continue it: the screen comes back by itself', async () => {
  const pty = run(connection(db.target()), { cols: 80, rows: 24 });
  await live(pty);
  pty.press('^Z');
  const left = pty.mark();
  await until(() => pty.bytes(left).includes('\u001b[?1049l'), { what: 'the normal screen' });
  await live(pty);
  expect(pty.alternate).toBe(true);
  pty.press('q');
  expect(await pty.exit).toEqual({ code: 0, signal: 0 });
});
