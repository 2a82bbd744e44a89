import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, inject } from 'vitest';

/** The program as it is shipped, if that is of the sources as they are. */
export const MAIN = inject('main');
const SOURCE = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const directories: string[] = [];
// here, and not where one is made: a hook that is registered while a test runs is never called
afterAll(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory that is gone after the tests of this file; it may be asked for within a test, too. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pgdeck-test-'));
  directories.push(directory);
  return directory;
}

/** The environment of a program that knows nothing of this machine's user: an own home, no PG variables. */
export function cleanEnvironment(home: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    TZ: 'UTC',
    LC_ALL: 'C.UTF-8',
    NODE_COMPILE_CACHE: inject('compileCache'),
    ...more,
  };
}

/** Runs pgdeck to its end, without a terminal; with options for Node from its sources, whose modules they look at. */
export function pgdeck(
  args: readonly string[],
  env: Record<string, string>,
  nodeOptions: readonly string[] = [],
): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const main = nodeOptions.length > 0 ? SOURCE : MAIN;
  const child = spawn(process.execPath, [...nodeOptions, main, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.on('error', reject);
  child.on('close', (code) => resolve({ code, stdout, stderr }));
  return promise;
}

/**
 * The same within this process, ten times as fast: for tests of what is printed. One at a time; what depends on a start of
 * its own (signals, what is loaded, the environment of the process) takes {@link pgdeck}.
 */
export async function pgdeckHere(args: readonly string[], env: Record<string, string>): Promise<Outcome> {
  const { run } = await import('../../src/cli/program.ts');
  const [stdout, stderr] = [captured(process.stdout), captured(process.stderr)];
  try {
    const code = await run(args, env);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.release();
    stderr.release();
  }
}

function captured(stream: NodeJS.WriteStream): { readonly text: () => string; readonly release: () => void } {
  const { write } = stream;
  let text = '';
  stream.write = ((chunk: string | Uint8Array) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  }) as typeof write;
  return {
    text: () => text,
    release: () => {
      stream.write = write;
    },
  };
}
