import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { openRemote, type RemoteHost } from '../../../src/hosts/remote/remote.ts';
import { until } from '../../support/until.ts';
import { SHELLS, type WayHere, wayHere } from '../../support/ways/here.ts';

/** Whether a process runs; one that has ended and is not waited for does not. */
async function runs(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text !== '' && !/\) Z /.test(text);
}
const gone = (pid: number) =>
  until(async () => !(await runs(pid)), { what: `the end of ${pid}`, timeout: 10_000 });
const sh = (script: string) => ['-c', script] as const;

describe.each(SHELLS)('in %s', (shell) => {
  let way: WayHere;
  let host: RemoteHost;
  let directory: string;
  beforeAll(async () => {
    way = await wayHere(shell);
    host = await openRemote(way);
    directory = await mkdtemp(join(tmpdir(), 'pgdeck-there-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
    await way.remove();
  });

  test('a command ends with its code and what it wrote', async () => {
    const lines: string[] = [];
    const result = await host.run('sh', sh('printf "a\\nb"; echo c >&2; exit 3'), {
      onLine: (line, from) => lines.push(`${from} ${line}`),
    });
    expect(result).toEqual({ exitCode: 3, stdout: 'a\nb', stderr: 'c\n' });
    expect(lines.toSorted()).toEqual(['stderr c', 'stdout a', 'stdout b']);
  });

  test('its last words need no end of line, and look like no trailer', async () => {
    const forged = '\\001pgdeck-exit:0:0:0\\n\\001';
    const result = await host.run('sh', sh(`printf '${forged}' >&2; exit 4`));
    expect(result).toEqual({ exitCode: 4, stdout: '', stderr: '\u0001pgdeck-exit:0:0:0\n\u0001' });
  });

  test.each([
    ['nothing', ''],
    ['a little', 'hällo\n'],
    ['what a pipe holds', 'x'.repeat(65_536)],
    ['more', 'y'.repeat(5_000_001)],
  ])('its input comes whole and ends: %s', async (_, input) => {
    const { stdout } = await host.run('cat', [], { input });
    expect(stdout === input).toBe(true);
  });

  test('bytes come as they are', async () => {
    const bytes = randomBytes(3_000_000);
    await writeFile(join(directory, 'bytes'), bytes);
    const chunks: Buffer[] = [];
    await host.run('cat', [join(directory, 'bytes')], { onStdout: (chunk) => void chunks.push(chunk) });
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    const file = join(directory, 'copy');
    await host.run('cat', [join(directory, 'bytes')], { stdoutTo: file });
    expect((await readFile(file)).equals(bytes)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('its words, directory and variables hold anything', async () => {
    const odd = `a 'b' "c" $d \`e\` \\f\n\ng ä *`;
    const { stdout } = await host.run('sh', ['-c', 'printf "%s|%s|%s" "$1" "$ODD" "$PWD"', 'sh', odd], {
      env: { ODD: odd },
      cwd: directory,
    });
    expect(stdout).toBe(`${odd}|${odd}|${directory}`);
  });

  test('what cannot start says why', async () => {
    await expect(host.run('pg_nothing', [])).rejects.toMatchObject({
      kind: 'missing',
      message:
        'pg_nothing was not found in the other place: install it there, on Debian with: apt install postgresql-client.',
    });
    await expect(host.run('/nothing/psql', [])).rejects.toMatchObject({ kind: 'missing' });
    await expect(host.run('/etc/passwd', [])).rejects.toMatchObject({ kind: 'denied' });
    await expect(host.run('true', [], { cwd: '/nothing' })).rejects.toThrow(/working directory/);
    await expect(host.start('pg_nothing', [])).rejects.toMatchObject({ kind: 'missing' });
    await expect(
      host.pipe([
        { command: 'true', args: [] },
        { command: 'no', args: [] },
      ]),
    ).rejects.toThrow(/^no was not found/);
    await expect(host.run('sh', sh('kill -9 $$'))).rejects.toMatchObject({ kind: 'signal' });
    await expect(host.pgdeck()).rejects.toThrow(/not installed/);
  });

  test('who it leaves behind is not waited for', async () => {
    const { stdout } = await host.run('sh', sh('sleep 300 & echo $!'));
    process.kill(Number(stdout), 'SIGKILL');
  });

  test.each(['cancelled', 'timeout'] as const)('%s: it ends with all that it started', async (kind) => {
    const stop = new AbortController();
    const pids: number[] = [];
    const run = host.run('sh', sh('sleep 300 & echo $!; echo $$; wait'), {
      onLine: (line) => {
        pids.push(Number(line));
        if (pids.length === 2 && kind === 'cancelled') stop.abort();
      },
      ...(kind === 'timeout' ? { timeout: 700 } : { signal: stop.signal }),
    });
    await expect(run).rejects.toMatchObject({ kind });
    expect(pids).toHaveLength(2);
    await Promise.all(pids.map(gone));
  });

  test('one that hears no SIGTERM is killed', async () => {
    const stop = new AbortController();
    let pid = 0;
    const run = host.run('sh', sh(`trap '' TERM; echo $$; while :; do sleep 1; done`), {
      signal: stop.signal,
      onLine: (line) => {
        pid = Number(line);
        stop.abort();
      },
    });
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
    await gone(pid);
  });

  test('one that reads nothing ends although more was sent than pipes hold', async () => {
    const stop = new AbortController();
    let pid = 0;
    const run = host.run('sh', sh('echo $$; exec sleep 300'), {
      input: 'z'.repeat(3_000_000),
      signal: stop.signal,
      onLine: (line) => {
        pid = Number(line);
        setTimeout(() => stop.abort(), 300);
      },
    });
    await expect(run).rejects.toMatchObject({ kind: 'cancelled' });
    await gone(pid);
  });

  test('one that neither reads nor writes is ended as stalled', async () => {
    await expect(host.run('sleep', ['300'], { stallMs: 1_000 })).rejects.toMatchObject({ kind: 'stalled' });
    const busy = host.run('sh', sh('for i in 1 2 3 4 5 6; do echo; sleep 0.5; done'), { stallMs: 2_000 });
    await expect(busy).resolves.toMatchObject({ exitCode: 0 });
  });

  test('a pipe tells the first that failed', async () => {
    const seq = { command: 'seq', args: ['1000000'] };
    const pipe = (...scripts: string[]) =>
      host.pipe([seq, ...scripts.map((one) => ({ command: 'sh', args: sh(one) }))]);
    expect(await pipe('cat', 'tail -n 1')).toEqual({ exitCode: 0, stdout: '1000000\n', stderr: '' });
    expect(await pipe('cat >/dev/null; exit 4', 'cat')).toMatchObject({ exitCode: 4, program: 'sh' });
    expect(await pipe('cat', 'head -n 1 >/dev/null; exit 5')).toMatchObject({ exitCode: 5 });
  });

  test.each([
    ['through the kernel', undefined],
    ['through us', () => new PassThrough()],
  ])('a reader whose writer fails is ended before it sees the end: %s', async (_, through) => {
    const mark = join(directory, `seen-${randomBytes(4).toString('hex')}`);
    const result = await host.pipe(
      [
        { command: 'sh', args: sh('seq 1000; exit 9') },
        { command: 'sh', args: sh(`cat >/dev/null; echo >'${mark}'`) },
      ],
      through === undefined ? {} : { through: through() },
    );
    expect(result).toMatchObject({ exitCode: 9 });
    expect(existsSync(mark)).toBe(false);
  });

  test('what passes through us comes whole; its error is thrown', async () => {
    const commands = [
      { command: 'seq', args: ['200000'] },
      { command: 'tail', args: ['-n', '1'] },
    ];
    expect(await host.pipe(commands, { through: new PassThrough() })).toMatchObject({ stdout: '200000\n' });
    const bad = new Transform({ transform: (_chunk, _encoding, done) => done(new Error('not this')) });
    await expect(host.pipe(commands, { through: bad })).rejects.toThrow('not this');
  });

  test('one that keeps running takes lines and signals, and stops', async () => {
    const mark = join(directory, `trap-${randomBytes(4).toString('hex')}`);
    const running = await host.start(
      'sh',
      sh(`trap 'exit 7' USR1; : >'${mark}'; while read -r l; do echo "$l"; done; sleep 300 & wait`),
    );
    await until(() => existsSync(mark), { what: 'its trap' });
    running.write('one');
    running.closeInput();
    running.signal('SIGUSR1');
    expect(await running.exited).toEqual({ exitCode: 7, signal: undefined });
    const other = await host.start('sleep', ['300']);
    expect(await runs(other.pid)).toBe(true);
    expect(await other.stop()).toEqual({ exitCode: undefined, signal: 'SIGTERM' });
  });

  test('a workspace is its owner’s alone and goes after the work', async () => {
    let at = '';
    await host.withWorkspace(async (workspace) => {
      at = workspace.path('.');
      const path = await workspace.write('a file', 'text');
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await stat(at)).mode & 0o777).toBe(0o700);
      expect(await readFile(path, 'utf8')).toBe('text');
      expect((await stat(await workspace.directory('parts'))).mode & 0o777).toBe(0o700);
      // as where its keeper has ended meanwhile
      await rm(at, { recursive: true });
      await expect(workspace.directory('late')).rejects.toMatchObject({ code: 'ENOENT' });
    });
    expect(existsSync(at)).toBe(false);
  });

  test('a workspace removes what killed keepers have left, and nothing that is of others', async () => {
    const namespace = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0];
    // no process has an id that large
    const dead = `pgdeck-there-99999999-1-${namespace}-abc`;
    const others = [
      // a pgdeck that runs there, and one of an older version
      `pgdeck-work-${process.pid}-${namespace}-abcdef`,
      `pgdeck-work-${process.pid}-abcdef`,
      // of a container that shares the directory
      'pgdeck-there-99999999-1-1-abc',
    ];
    const at = (name: string) => join(host.temporary, name);
    for (const name of [dead, ...others]) await mkdir(at(name));
    try {
      await host.withWorkspace(async () => {
        expect(existsSync(at(dead))).toBe(false);
        for (const name of others) expect(existsSync(at(name)), name).toBe(true);
        await local.withWorkspace(async () => {});
      });
    } finally {
      for (const name of [dead, ...others]) await rm(at(name), { recursive: true, force: true });
    }
  });

  test('a workspace is left alone by a pgdeck that runs there', async () => {
    await host.withWorkspace(async (workspace) => {
      await local.withWorkspace(async () => {});
      expect(existsSync(workspace.path('.'))).toBe(true);
    });
  });

  test('copies arrive whole, in new files', async () => {
    const [here, there, back] = ['here', 'there', 'back'].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    const bytes = randomBytes(9_000_000);
    await writeFile(here, bytes);
    const sent = await host.transfer.put(here, there);
    expect(sent.bytes).toBe(bytes.length);
    expect((await readFile(there)).equals(bytes)).toBe(true);
    expect(await host.transfer.get(there, back)).toEqual(sent);
    await expect(host.transfer.put(here, there)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(host.transfer.get('/nothing', `${back}2`)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(existsSync(`${back}2`)).toBe(false);
    for (const [size, name] of [
      [0, 'empty'],
      [1 << 20, 'one part'],
      [(1 << 20) + 1, `it's "more"\n`],
    ] as const) {
      await writeFile(here, bytes.subarray(0, size));
      expect((await host.transfer.put(here, `${there} ${name}`)).bytes).toBe(size);
      expect((await readFile(`${there} ${name}`)).equals(bytes.subarray(0, size))).toBe(true);
      expect((await stat(`${there} ${name}`)).mode & 0o777).toBe(0o600);
      await host.transfer.get(`${there} ${name}`, `${back} ${name}`);
    }
    await expect(host.transfer.put(here, '/nothing/x')).rejects.toMatchObject({ code: 'ENOENT' });
    await host.run('mkfifo', [`${there} pipe`]);
    await expect(host.transfer.put(here, `${there} pipe`)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(host.transfer.get(directory, `${back}3`)).rejects.toMatchObject({ code: 'EISDIR' });
    await writeFile(here, bytes);
    const longer = host.transfer.put(here, `${there} longer`, {
      onProgress: () => appendFileSync(here, 'more'),
    });
    await expect(longer).rejects.toThrow('changed its length');
    await until(() => !existsSync(`${there} longer`), { what: 'the end of a copy of what became longer' });
    const cut = (async function* () {
      yield bytes;
      throw new Error('no more');
    })();
    await expect(host.transfer.send(cut, `${there}2`)).rejects.toThrow('no more');
    await until(() => !existsSync(`${there}2`), { what: 'the end of a copy that was cut' });
  });
});
