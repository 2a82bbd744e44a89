import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRemote, type RemoteHost } from '../../../src/hosts/remote/remote.ts';
import { until } from '../../support/until.ts';
import { SHELLS, type WayHere, wayHere } from '../../support/ways/here.ts';

/** Bytes of what takes a while, on the way of {@link slowly}. */
const SIZE = 100_000_000;
const BYTES = randomBytes(SIZE);

/** Whether it is what ends with us there, with a directory in its environment. */
function isGuard(pid: string, bin: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return words.includes('\0guard-') && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(bin);
  } catch {
    return false;
  }
}

/*
 * Files that go there as the input of their client. `held` stands between it and the shell there: it passes a few MB and
 * waits until the file beside it is there.
 */
describe.each(SHELLS)('in %s', (shell) => {
  let way: WayHere;
  let directory: string;
  let host: RemoteHost;
  /** A host with a client that passes so many bytes, and the rest after `go`. */
  let held: RemoteHost;
  let here: string;
  let count = 0;
  const fresh = (name: string) => join(directory, `${name} ${++count}`);
  beforeAll(async () => {
    way = await wayHere(shell);
    directory = await mkdtemp(join(tmpdir(), 'pgdeck-handed-'));
    here = join(directory, 'here');
    writeFileSync(here, BYTES);
    host = await openRemote({ ...way, handsOver: 1 });
    const gate = `[ "$4" != pgdeck ] || exec "$@"
{ /usr/bin/head -c 20000000; while [ ! -e '${directory}/go' ]; do /usr/bin/sleep 0.05; done; exec /usr/bin/cat; } | "$@"`;
    held = await openRemote({
      ...way,
      handsOver: 1,
      argv: async (words) => {
        const argv = await way.argv(words);
        return ['/bin/sh', '-c', gate, 'gate', ...argv];
      },
    });
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
    await way.remove();
  });

  test.each([
    ['a byte', 1],
    ['less than a block', 70_000],
    ['blocks', 1 << 20],
    ['blocks and more', 33_554_433],
    ['much', SIZE],
  ])('a copy arrives whole, in a new file of its owner alone: %s', async (_, size) => {
    const [from, to] = [fresh('from'), `${fresh(`it's "more"`)}\n`];
    writeFileSync(from, BYTES.subarray(0, size));
    let told = 0;
    const sent = await host.transfer.put(from, to, {
      onProgress: (bytes) => {
        expect(bytes).toBeGreaterThanOrEqual(told);
        told = bytes;
      },
    });
    expect(sent).toEqual({ bytes: size });
    expect(told).toBe(size);
    expect(readFileSync(to).equals(BYTES.subarray(0, size))).toBe(true);
    expect(statSync(to).mode & 0o777).toBe(0o600);
  });

  test('what is there already stays, and says what it is', async () => {
    const to = fresh('there');
    writeFileSync(to, 'mine');
    await expect(host.transfer.put(here, to)).rejects.toMatchObject({ code: 'EEXIST', path: to });
    expect(readFileSync(to, 'utf8')).toBe('mine');
    await host.run('mkfifo', [`${to} pipe`]);
    await expect(host.transfer.put(here, `${to} pipe`)).rejects.toMatchObject({ code: 'EEXIST' });
    await mkdir(`${to} directory`);
    await expect(host.transfer.put(here, `${to} directory`)).rejects.toMatchObject({
      code: expect.stringMatching(/^E(EXIST|ISDIR)$/),
    });
    await expect(host.transfer.put(here, '/nothing/x')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a device that is full fails it with the system’s error', async () => {
    const limited = await openRemote({
      ...way,
      handsOver: 1,
      argv: async (words) => [
        '/bin/sh',
        '-c',
        'ulimit -f 20000; trap "" XFSZ; exec "$@"',
        'sh',
        ...(await way.argv(words)),
      ],
    });
    const to = fresh('full');
    await expect(limited.transfer.put(here, to)).rejects.toMatchObject({ code: 'EFBIG' });
    expect(existsSync(to)).toBe(false);
  });

  /** Starts a copy and waits until it stands in the middle. */
  async function middle(from: string, to: string, signal?: AbortSignal): Promise<{ copy: Promise<unknown> }> {
    await rm(join(directory, 'go'), { force: true });
    const copy = held.transfer.put(from, to, signal === undefined ? {} : { signal });
    copy.catch(() => {});
    await until(() => existsSync(to) && statSync(to).size > 10_000_000, { what: 'half a copy' });
    return { copy };
  }
  const go = () => writeFileSync(join(directory, 'go'), '');

  test('one that stands for a while goes on', async () => {
    const to = fresh('held');
    const { copy } = await middle(here, to);
    go();
    expect(await copy).toEqual({ bytes: SIZE });
    expect(readFileSync(to).equals(BYTES)).toBe(true);
  });

  test('a cancelled one is removed', async () => {
    const stop = new AbortController();
    const to = fresh('cancelled');
    const { copy } = await middle(here, to, stop.signal);
    stop.abort();
    await expect(copy).rejects.toMatchObject({ kind: 'cancelled' });
    expect(existsSync(to)).toBe(false);
    const soon = new AbortController();
    const begun = host.transfer.put(here, to, { signal: soon.signal });
    setImmediate(() => soon.abort());
    await expect(begun).rejects.toMatchObject({ kind: 'cancelled' });
    await until(() => !existsSync(to), { what: 'the end of a copy that was just begun' });
    const early = AbortSignal.abort();
    await expect(host.transfer.put(here, to, { signal: early })).rejects.toMatchObject({ kind: 'cancelled' });
    expect(existsSync(to)).toBe(false);
  });

  test.each([
    ['longer', (path: string) => appendFileSync(path, BYTES.subarray(0, 1_000_000))],
    ['shorter', (path: string) => truncateSync(path, 90_000_000)],
  ])('one of a file that becomes %s fails and is removed', async (_, change) => {
    const [from, to] = [fresh('changed'), fresh('of changed')];
    writeFileSync(from, BYTES);
    const { copy } = await middle(from, to);
    change(from);
    go();
    await expect(copy).rejects.toThrow('changed its length');
    expect(existsSync(to)).toBe(false);
  });

  test('one of a file that is written to meanwhile is not believed', async () => {
    const [from, to] = [fresh('written'), fresh('of written')];
    writeFileSync(from, BYTES);
    const { copy } = await middle(from, to);
    writeFileSync(from, 'x', { flag: 'r+' });
    go();
    await expect(copy).rejects.toMatchObject({ kind: 'transfer' });
    expect(existsSync(to)).toBe(false);
  });

  // what it does there is the same in all of them
  test.runIf(shell === SHELLS[0])(
    'where its guard comes too late it goes through us instead',
    { timeout: 60_000 },
    async () => {
      const [mark, to] = [fresh('mark'), fresh('late')];
      const slow = await openRemote({
        ...way,
        handsOver: 1,
        argv: async (words) => {
          const argv = await way.argv(words);
          const wait = `[ "$4" != pgdeck ] || ! rm '${mark}' 2>/dev/null || sleep 14; exec "$@"`;
          return ['/bin/sh', '-c', wait, 'sh', ...argv];
        },
      });
      writeFileSync(mark, '');
      expect(await slow.transfer.put(here, to)).toEqual({ bytes: SIZE });
      expect(existsSync(mark)).toBe(false);
      expect(readFileSync(to).equals(BYTES)).toBe(true);
    },
  );

  test('where its guard is gone it ends, and fails', async () => {
    const to = fresh('guarded');
    const { copy } = await middle(here, to);
    const guards = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isGuard(pid, way.bin));
    expect(guards).toHaveLength(1);
    process.kill(Number(guards[0]), 'SIGTERM');
    await expect(copy).rejects.toMatchObject({ kind: expect.stringMatching(/^(signal|gone|transfer)$/) });
    expect(existsSync(to)).toBe(false);
  });
});
