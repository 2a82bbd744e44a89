import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { textSource } from '../../../../src/ops/remote/store/read.ts';
import type { Source, Store, StoreIo } from '../../../../src/ops/remote/store/store.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { all, sourceOf, sum } from './source.ts';

const io = (more: Partial<StoreIo> = {}): StoreIo => ({ signal: new AbortController().signal, ...more });
const BIG = randomBytes((17 << 20) + 5);

/** What holds of each store that is a directory somewhere; the tests see it as one of this machine. */
export function holdsAsDirectory(openAt: (root: string) => Promise<Store>): void {
  const home = temporaryDirectory();
  let root: string;
  let store: Store;
  const there = () =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name).slice(root.length + 1))
      .sort();
  beforeEach(async () => {
    root = await mkdtemp(join(home, "it's a disk "));
    store = await openAt(root);
  });
  afterEach(() => store.close());

  test.each([
    ['nothing', Buffer.of(), true],
    ['a few bytes', Buffer.from('hello'), true],
    ['much', BIG, true],
    ['much, of unknown size', BIG, false],
  ])('it holds what was put into it: %s', async (_, bytes, known) => {
    let sent = 0;
    const source = sourceOf(bytes, known);
    const stored = await store.put('one', 'a b/c.dump', source, io({ onBytes: (more) => (sent += more) }));
    expect(stored).toEqual({ bytes: bytes.length, sha256: sum(bytes) });
    expect(sent).toBe(bytes.length);
    expect(there()).toEqual(['one/a b/c.dump']);
    expect(readFileSync(join(root, 'one/a b/c.dump')).equals(bytes)).toBe(true);
    expect((await all(store.get('one', 'a b/c.dump', 0, io()))).equals(bytes)).toBe(true);
    expect((await all(store.get('one', 'a b/c.dump', 3, io()))).equals(bytes.subarray(3))).toBe(true);
    expect(await all(store.get('one', 'a b/c.dump', bytes.length, io()))).toHaveLength(0);
    expect(await store.has('one', 'a b/c.dump', sourceOf(bytes), io())).toBe(true);
    expect(
      await store.has('one', 'a b/c.dump', { ...sourceOf(bytes), sha256: sum(Buffer.of(7)) }, io()),
    ).toBe(false);
    expect(await store.has('one', 'none', sourceOf(bytes), io())).toBe(false);
  });

  test('what is put over another is it alone', async () => {
    await store.put('one', 'a', sourceOf(BIG), io());
    await store.put('one', 'a', textSource('short'), io());
    expect(readFileSync(join(root, 'one/a'), 'utf8')).toBe('short');
  });

  test('it lists what it has, and neither what is hidden nor what is being written', async () => {
    for (const name of ['one', 'two']) await store.put(name, 'x/y.dat', textSource(name), io());
    mkdirSync(join(root, '.Trash'));
    mkdirSync(join(root, 'empty'));
    writeFileSync(join(root, 'a file'), '');
    writeFileSync(join(root, 'two/x/z.dat.pgdeck-partial'), 'half');
    expect((await store.names(io())).sort()).toEqual(['empty', 'one', 'two']);
    expect(await store.files('two', io())).toEqual([
      { path: 'x/y.dat', bytes: 3, modified: expect.any(Number) },
    ]);
    expect(await store.files('empty', io())).toEqual([]);
    expect(await store.files('none', io())).toEqual([]);
    const [{ modified = 0 } = {}] = await store.files('two', io());
    expect(Math.abs(Date.now() - modified)).toBeLessThan(60_000);
    expect((await store.read('two', 'x/y.dat', 100, io()))?.toString()).toBe('two');
    expect(await store.read('two', 'x/y.dat', 2, io())).toBeUndefined();
    expect(await store.read('two', 'none', 100, io())).toBeUndefined();
    expect(await store.read('two', 'x', 100, io())).toBeUndefined();
  });

  test('a name is gone with its last file, and others stay', async () => {
    for (const path of ['copy.json', 'x/y/z', 'w']) {
      await store.put('one', path, textSource(path), io());
      await store.put('one-more', path, textSource(path), io());
    }
    await store.remove('one', ['copy.json'], io());
    expect((await store.files('one', io())).map(({ path }) => path).sort()).toEqual(['w', 'x/y/z']);
    await store.remove('one', ['w', 'x/y/z', 'never there'], io());
    expect(await store.names(io())).toEqual(['one-more']);
    expect(existsSync(join(root, 'one'))).toBe(false);
    expect(await store.files('one-more', io())).toHaveLength(3);
    await store.remove('never there', ['copy.json'], io());
  });

  test('a source that breaks, or is not what it says, leaves nothing of it, and what was there', async () => {
    await store.put('one', 'a', textSource('before'), io());
    const broken: Source = {
      bytes: undefined,
      sha256: undefined,
      open: async function* () {
        yield Buffer.alloc(3 << 20);
        throw new Error('the disk is gone');
      },
    };
    await expect(store.put('one', 'a', broken, io())).rejects.toThrow(/the disk is gone/);
    const lying = { ...sourceOf(BIG), sha256: sum(Buffer.of()) };
    await expect(store.put('one', 'a', lying, io())).rejects.toMatchObject({ code: 'remote.otherBytes' });
    const shorter = { ...sourceOf(Buffer.from('hello')), bytes: 6 };
    await expect(store.put('one', 'b', shorter, io())).rejects.toMatchObject({ code: 'remote.otherBytes' });
    expect(there()).toEqual(['one/a']);
    expect(readFileSync(join(root, 'one/a'), 'utf8')).toBe('before');
  });

  test('what is cancelled in its midst leaves nothing of it', async () => {
    const stop = new AbortController();
    const endless: Source = {
      bytes: undefined,
      sha256: undefined,
      open: async function* () {
        for (let i = 0; ; i += 1) {
          if (i === 5) stop.abort();
          yield Buffer.alloc(1 << 20);
          stop.signal.throwIfAborted();
        }
      },
    };
    await expect(store.put('one', 'a', endless, io({ signal: stop.signal }))).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(there()).toEqual([]);
    await expect(store.names(io({ signal: stop.signal }))).rejects.toMatchObject({ kind: 'cancelled' });
  });

  test('what a killed run has left of files is removed once it is old', async () => {
    await store.put('one', 'a', textSource('whole'), io());
    for (const name of ['old', 'new']) writeFileSync(join(root, `one/${name}.pgdeck-partial`), 'half');
    utimesSync(join(root, 'one/old.pgdeck-partial'), 1, 1);
    expect(await store.sweep(new Date(Date.now() - 86_400_000), async () => false, io())).toBe(1);
    expect(there()).toEqual(['one/a', 'one/new.pgdeck-partial']);
  });

  test('where nothing is mounted nothing is made', async () => {
    const away = await openAt(join(home, 'away'));
    await expect(away.names(io())).rejects.toMatchObject({ code: 'remote.absent' });
    await expect(away.put('one', 'a', textSource('x'), io())).rejects.toMatchObject({
      code: 'remote.absent',
    });
    expect(existsSync(join(home, 'away'))).toBe(false);
    await away.close();
  });

  test('what cannot be read or written is told in a sentence', async () => {
    await expect(all(store.get('one', 'none', 0, io()))).rejects.toMatchObject({
      code: 'remote.missing',
      message: expect.stringContaining('none is not in'),
    });
    writeFileSync(join(root, 'one'), '');
    await expect(store.put('one', 'a', textSource('x'), io())).rejects.toMatchObject({
      code: 'remote.failing',
    });
  });

  test.skipIf(!CAN_MOUNT)('a disk that is full is told as that, and keeps nothing', async () => {
    const tiny = await mkdtemp(join(home, 'tiny-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', tiny]);
    try {
      const small = await openAt(tiny);
      await expect(small.put('one', 'a', sourceOf(BIG), io())).rejects.toMatchObject({ code: 'remote.full' });
      expect(readdirSync(join(tiny, 'one'))).toEqual([]);
    } finally {
      execFileSync('umount', ['-l', tiny]);
    }
  });
}

/** Only root may, and not in every container. */
const CAN_MOUNT = canMount();
function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'pgdeck-mount-'));
  try {
    if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', directory]).status !== 0) return false;
    execFileSync('umount', [directory]);
    return true;
  } finally {
    rmdirSync(directory);
  }
}
