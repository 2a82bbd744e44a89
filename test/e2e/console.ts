import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect } from 'vitest';
import type { Target } from '../../src/db/target.ts';
import { cleanEnvironment, temporaryDirectory } from '../support/program.ts';
import { type Pty, spawn } from '../support/terminal/pty.ts';

/** The built program: these tests are about what people install. */
export const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
if (!existsSync(PROGRAM)) throw new Error('dist/main.js is missing: npm run build makes it.');

const home = temporaryDirectory();
const open = new Set<Pty>();

/** The settings directory and environment of everything started here; NO_COLOR and the like come on top. */
export function environment(more: Record<string, string> = {}): Record<string, string> {
  return cleanEnvironment(home, { TERM: 'xterm-256color', ...more });
}

export interface ProgramOptions {
  readonly cols?: number;
  readonly rows?: number;
  readonly env?: Record<string, string>;
  /** Stays open when a test has ended; closed with the file. */
  readonly shared?: boolean;
}

/** Runs the program in a terminal of 120x40. What is still running after the test is killed. */
export function run(args: readonly string[], options: ProgramOptions = {}): Pty {
  return runCommand(process.execPath, [PROGRAM, ...args], options);
}

/** Runs anything in a terminal, as {@link run} does. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cols = 120, rows = 40, env = {}, shared = false }: ProgramOptions = {},
): Pty {
  const pty = spawn(command, args, { cols, rows, env: environment(env), cwd: home });
  if (!shared) open.add(pty);
  else afterAll(() => end(pty));
  return pty;
}

afterEach(async () => {
  await Promise.all([...open].map(end));
  open.clear();
});

async function end(pty: Pty): Promise<void> {
  pty.kill('SIGKILL');
  await pty.exit;
}

/** The options that name a server. */
export function connection({ host, port, user, database }: Target): string[] {
  return ['-h', host, '-p', String(port), '-U', user, '-d', database];
}

/** Opens the console on a server and waits for its first live frame. */
export async function openConsole(
  target: Target,
  { args = [], ...options }: ProgramOptions & { args?: readonly string[] } = {},
): Promise<Pty> {
  const pty = run([...connection(target), ...args], options);
  await live(pty);
  return pty;
}

/** Waits until there are numbers in the header: the first answers have come. */
export function live(pty: Pty): Promise<string[]> {
  return pty.waitFor(/conns !*\d+\/\d+/, { what: 'the first live frame' });
}

/** That the program has left the terminal as it was: asks what it wrote and what the terminal's modes are. */
export function expectRestored(pty: Pty, modes: string): void {
  expect({
    alternate: pty.alternate,
    cursorShown: pty.cursorShown,
    bracketedPaste: pty.bracketedPaste,
    modes: pty.modes(),
  }).toEqual({ alternate: false, cursorShown: true, bracketedPaste: false, modes });
}
