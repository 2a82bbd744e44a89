import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandError } from '../../src/hosts/host.ts';
import { run, start } from '../../src/hosts/local.ts';
import { until } from '../support/until.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgdeck-local-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** True while the process runs; one that has ended but was not yet waited for does not. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc') || !/^\d+ \(.*\) Z/.test(readState(pid));
  } catch {
    return false;
  }
}

function readState(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8');
}

/** A shell with a child of its own, as npm and other wrappers have; writes the child's pid to a file. */
function wrapper(file: string, prelude = ''): string[] {
  return ['-c', `${prelude} sleep 60 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`];
}

async function childPid(file: string): Promise<number> {
  return Number(await until(() => readFile(file, 'utf8'), { what: 'the pid of the child' }));
}

test('returns exit code and output, whatever the code', async () => {
  const result = await run('sh', ['-c', 'echo out; echo err >&2; exit 3']);
  expect(result).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
});

test('tells whole lines while it runs, with characters that arrive in two pieces', async () => {
  const lines: string[] = [];
  const command = "printf 'a\\344\\270'; sleep 0.05; printf '\\255b\\nlast'; echo 警告 >&2";
  const { stdout } = await run('sh', ['-c', command], {
    onLine: (line, from) => lines.push(`${from}: ${line}`),
  });
  expect(lines.toSorted()).toEqual(['stderr: 警告', 'stdout: a中b', 'stdout: last']);
  expect(stdout).toBe('a中b\nlast');
});

test('gives input, environment and directory', async () => {
  const command = 'cat; echo "$WORD-$HOME"; pwd';
  const { stdout } = await run('sh', ['-c', command], {
    input: 'in\n',
    env: { WORD: 'x', HOME: undefined },
    cwd: '/usr',
  });
  expect(stdout).toBe('in\nx-\n/usr\n');
});

test('a command without input does not wait for any', async () => {
  expect((await run('cat', [], { timeout: 5_000 })).stdout).toBe('');
});

test('a missing program is named with the package that has it', async () => {
  const failure = run('/nowhere/pg_restore', []);
  await expect(failure).rejects.toThrow(
    'pg_restore was not found: install it, on Debian with: apt install postgresql-client.',
  );
  await expect(failure).rejects.toMatchObject({ kind: 'missing' });
  await expect(start('/nowhere/postgres', [])).rejects.toThrow('apt install postgresql.');
});

test('a file that is no program is refused in a sentence', async () => {
  await expect(run('/etc/passwd', [])).rejects.toMatchObject({ kind: 'denied' });
});

test('cancelling ends the children of a wrapper too', async () => {
  const file = join(directory, 'cancelled');
  const controller = new AbortController();
  const failure = run('sh', wrapper(file), { signal: controller.signal }).catch((error: unknown) => error);
  const pid = await childPid(file);
  expect(runs(pid)).toBe(true);
  controller.abort();
  expect(await failure).toMatchObject({ name: 'CommandError', kind: 'cancelled' });
  await until(() => !runs(pid), { what: 'the end of the child' });
});

test('a signal that was given before the start starts nothing', async () => {
  const started = join(directory, 'started');
  await expect(run('touch', [started], { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CommandError);
  expect(existsSync(started)).toBe(false);
});

test('the timeout ends it, and the error has what it said until then', async () => {
  const failure = await run('sh', ['-c', 'echo waiting >&2; exec sleep 60'], { timeout: 200 }).catch(
    (e: unknown) => e,
  );
  expect(failure).toMatchObject({ kind: 'timeout', stderr: 'waiting\n' });
});

test.runIf(process.getuid?.() === 0)('runs as another user', async () => {
  expect((await run('id', ['-u'], { uid: 65_534, gid: 65_534, cwd: '/' })).stdout).toBe('65534\n');
});

test('a started process is stopped with its group, by force when it does not listen', async () => {
  const file = join(directory, 'stubborn');
  const running = await start('sh', wrapper(file, "trap '' TERM;"));
  const pid = await childPid(file);
  expect(running.exit).toBeUndefined();
  expect(await running.stop(50)).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
  expect(running.exit).toBeDefined();
  await until(() => !runs(pid), { what: 'the end of the child' });
});

test('a started process reads lines and ends with its input', async () => {
  const file = join(directory, 'read');
  const running = await start('sh', ['-c', `cat > ${file}; exit 4`]);
  running.write('one');
  running.write('two');
  running.closeInput();
  expect(await running.exited).toEqual({ exitCode: 4, signal: undefined });
  expect(await readFile(file, 'utf8')).toBe('one\ntwo\n');
});

test('what a program leaves in the background with its output open is not waited for', async () => {
  const begun = performance.now();
  const result = await run('sh', ['-c', 'echo done; setsid sleep 20 & exit 3']);
  expect(result).toEqual({ exitCode: 3, stdout: 'done\n', stderr: '' });
  expect(performance.now() - begun).toBeLessThan(10_000);
});
