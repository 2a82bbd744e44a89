import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { local, run } from '../../src/hosts/local.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';

const directory = temporaryDirectory();
const sh = (script: string) => ({ command: 'sh', args: ['-c', script] });

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('each reads what the one before writes; the last one goes to a file that only its owner reads', async () => {
  const file = join(directory, 'out.gz');
  const result = await local.pipe([sh('seq 1 100000; echo made >&2'), { command: 'gzip', args: ['-c'] }], {
    stdoutTo: file,
  });
  expect(result).toEqual({ exitCode: 0, stdout: '', stderr: 'made\n' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const back = await local.pipe([
    { command: 'gzip', args: ['-dc', file] },
    { command: 'wc', args: ['-l'] },
  ]);
  expect(back.stdout.trim()).toBe('100000');
});

test('the first that fails gives code and name, wherever it stands', async () => {
  const first = await local.pipe([sh('echo half; echo broken >&2; exit 7'), { command: 'cat', args: [] }]);
  expect(first).toMatchObject({ exitCode: 7, program: 'sh', stderr: 'broken\n' });
  const last = await local.pipe([{ command: 'yes', args: [] }, sh('head -c 10 >/dev/null; exit 3')]);
  expect(last).toMatchObject({ exitCode: 3, program: 'sh' });
});

test('a writer that says that nobody reads is not the cause, though it ends first', async () => {
  const file = join(directory, 'pid');
  const result = await local.pipe(
    [
      sh('trap "" PIPE; echo $$ >"$PID"; yes; exit 1'),
      sh(
        'trap "" TERM; head -c 10 >/dev/null; exec <&-; while kill -0 "$(cat "$PID")"; do :; done 2>/dev/null; exit 3',
      ),
    ],
    { env: { PID: file, LC_ALL: 'C' } },
  );
  expect(result).toMatchObject({ exitCode: 3, program: 'sh', stderr: expect.stringMatching(/output: .+\n/) });
});

test('a failure ends a neighbour that would wait for ever', async () => {
  const result = await local.pipe([{ command: 'sleep', args: ['60'] }, sh('exit 4')], { timeout: 8_000 });
  expect(result.exitCode).toBe(4);
});

test('cancelling ends every group of it', async () => {
  const pids: number[] = [];
  const abort = new AbortController();
  const result = local
    .pipe([sh('sleep 61 | cat'), sh('sleep 62; cat')], {
      signal: abort.signal,
      onStart: (pid) => pids.push(pid),
    })
    .catch((error: unknown) => error);
  await until(() => pids.length === 2, { what: 'both to start' });
  abort.abort();
  expect(await result).toMatchObject({ kind: 'cancelled', message: 'sh | sh was cancelled.' });
  await until(() => !pids.some(alive), { what: 'the end of both' });
});

test('a program that is missing starts nothing that stays', async () => {
  const pids: number[] = [];
  const result = local.pipe(
    [
      { command: '/nowhere/gzip', args: [] },
      { command: 'sleep', args: ['60'] },
    ],
    { onStart: (pid) => pids.push(pid) },
  );
  await expect(result).rejects.toThrow('gzip was not found: install it, on Debian with: apt install gzip.');
  await until(() => !pids.some(alive), { what: 'the end of the other' });
});

test('killed is no exit code', async () => {
  await expect(local.pipe([sh('kill -9 $$'), { command: 'cat', args: [] }])).rejects.toMatchObject({
    kind: 'signal',
    message: 'sh was killed by SIGKILL.',
  });
});

test('bytes are handed on raw, and nothing of them is kept', async () => {
  const chunks: Buffer[] = [];
  const { stdout } = await run('printf', ['\\377\\0\\n'], { onStdout: (chunk) => chunks.push(chunk) });
  expect(Buffer.concat(chunks)).toEqual(Buffer.from([0xff, 0, 0x0a]));
  expect(stdout).toBe('');
});

test('of long output only the end is kept, and every line is told', async () => {
  let lines = 0;
  const { stdout } = await run('seq', ['1', '200000'], { maxOutput: 7, onLine: () => lines++ });
  expect(stdout).toBe('200000\n');
  expect(lines).toBe(200_000);
});

test('output goes straight to a file', async () => {
  const file = join(directory, 'seq');
  expect(await run('seq', ['1', '3'], { stdoutTo: file })).toMatchObject({ exitCode: 0, stdout: '' });
  expect(readFileSync(file, 'utf8')).toBe('1\n2\n3\n');
});

test.runIf(existsSync('/proc/self/io'))(
  'what neither reads nor writes is ended, even when it spins',
  async () => {
    await expect(run('sh', ['-c', 'while :; do :; done'], { stallMs: 200 })).rejects.toMatchObject({
      kind: 'stalled',
      message: 'sh was ended: it read and wrote nothing for 0.2 s.',
    });
    // slow is not stalled
    const slow = 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.05; done';
    expect((await run('sh', ['-c', slow], { stallMs: 300 })).exitCode).toBe(0);
  },
);

async function* numbers(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 1; i <= count; i++) yield Buffer.from(`${i}\n`);
}

test('the first reads what comes, however much that is', async () => {
  const last = sh('tail -n 1');
  expect(await local.pipe([sh('cat'), last], { inputFrom: numbers(200_000) })).toMatchObject({
    exitCode: 0,
    stdout: '200000\n',
  });
  expect(await run('tail', ['-n', '1'], { inputFrom: numbers(3) })).toMatchObject({ stdout: '3\n' });
});

test('where the source fails nobody takes what came for whole', async () => {
  const whole = join(directory, 'whole');
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield* numbers(3);
    throw new Error('the source is gone');
  }
  const taking = sh(`cat >/dev/null && touch ${whole}`);
  await expect(local.pipe([sh('cat'), taking], { inputFrom: failing() })).rejects.toThrow(
    'the source is gone',
  );
  await expect(run('sh', taking.args, { inputFrom: failing() })).rejects.toThrow('the source is gone');
  expect(existsSync(whole)).toBe(false);
});

test('one that reads no more ends all the same, and its source is told', async () => {
  let told = false;
  const endless: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: Buffer.alloc(65_536) }),
      return: async () => {
        told = true;
        return { done: true, value: undefined };
      },
    }),
  };
  expect(await run('head', ['-c', '3'], { inputFrom: endless })).toMatchObject({ exitCode: 0 });
  await until(() => told, { what: 'the source being told' });
  const silent: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  };
  expect(await run('sh', ['-c', 'exit 4'], { inputFrom: silent })).toMatchObject({ exitCode: 4 });
});
