import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { type Copy, copyText, findCopies } from '../../../../src/ops/remote/copy/copy.ts';
import { fetchCopy, filesOfCopy, proveCopy } from '../../../../src/ops/remote/copy/fetch.ts';
import { sendCopy } from '../../../../src/ops/remote/copy/send.ts';
import { directoryStore } from '../../../../src/ops/remote/store/directory.ts';
import { textSource } from '../../../../src/ops/remote/store/read.ts';
import { s3Store } from '../../../../src/ops/remote/store/s3.ts';
import type { Store } from '../../../../src/ops/remote/store/store.ts';
import type { Manifest } from '../../../../src/ops/repository/manifest.ts';
import type { Backup } from '../../../../src/ops/repository/repository.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { FaultyS3 } from '../../../support/s3/server.ts';
import { backedUp, contextIn } from '../../restore/stage.ts';
import { CREDENTIALS } from '../stage.ts';

const home = temporaryDirectory();
const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
/** Nothing that leaves encrypted may have it. */
const PLANTED = 'planted-plaintext-of-a-customer';
const DATABASE = 'copied_away';

let server: FaultyS3;
let backup: Backup & { readonly manifest: Manifest };
const stores: Store[] = [];

beforeAll(async () => {
  server = await FaultyS3.start();
  Object.assign(process.env, CREDENTIALS);
  const admin = await connect(serverTarget(), 'operation');
  await admin.sql(`CREATE DATABASE ${DATABASE}`);
  await admin.close();
  const target = { ...serverTarget(), database: DATABASE };
  const session = await connect(target, 'operation');
  await session.sql(
    `CREATE TABLE public."${PLANTED}" AS SELECT n, '${PLANTED}'::text AS note FROM generate_series(1, 500) n`,
  );
  await session.close();
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await server.stop();
  const admin = await connect(serverTarget(), 'operation');
  await admin.sql(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
  await admin.close();
});

/** What a step is given, as far as copies ask it. */
function io(crashPoint: (name: string) => void = () => {}) {
  const lines: string[] = [];
  const bars: number[] = [];
  return {
    signal: new AbortController().signal,
    lines,
    bars,
    line: (text: string) => void lines.push(text),
    progress: ({ done }: { done: number }) => void bars.push(done),
    crashPoint,
  };
}

async function made(): Promise<void> {
  if (backup !== undefined) return;
  const found = await backedUp(contextIn({ ...serverTarget(), database: DATABASE }, home), {
    format: 'directory',
    compress: 'none',
  });
  if (found.manifest === undefined) throw new Error('no manifest');
  backup = { ...found, manifest: found.manifest };
}

async function opened(
  kind: 'a bucket' | 'a directory',
): Promise<{ store: Store; reach: (path: string) => Bytes; all: () => Buffer }> {
  await made();
  if (kind === 'a directory') {
    const root = await mkdtemp(join(home, 'away-'));
    const store = directoryStore(root);
    return {
      store,
      reach: (path) => ({
        get: () => readFileSync(join(root, path)),
        set: (bytes) => writeFileSync(join(root, path), bytes),
        remove: () => rmSync(join(root, path)),
      }),
      all: () =>
        Buffer.concat(
          readdirSync(root, { recursive: true, withFileTypes: true })
            .filter((one) => one.isFile())
            .map((one) => readFileSync(join(one.parentPath, one.name))),
        ),
    };
  }
  const prefix = `p${Math.random().toString(36).slice(2)}`;
  const store = await s3Store({ kind: 's3', bucket: 'backups', prefix, endpoint: server.endpoint });
  stores.push(store);
  return {
    store,
    reach: (path) => ({
      get: () => server.objects.get(`${prefix}/${path}`)?.body ?? Buffer.of(),
      set: (body) =>
        void server.objects.set(`${prefix}/${path}`, {
          ...(server.objects.get(`${prefix}/${path}`) ?? { metadata: {}, modified: new Date() }),
          body: Buffer.from(body),
        }),
      remove: () => void server.objects.delete(`${prefix}/${path}`),
    }),
    all: () =>
      Buffer.concat(
        [...server.objects].filter(([key]) => key.startsWith(prefix)).map(([, { body }]) => body),
      ),
  };
}

test('what makes it a copy is written once all else outlives a machine that loses its power', async () => {
  await made();
  const store = directoryStore(await mkdtemp(join(home, 'away-')));
  const told: string[] = [];
  const watched: Store = {
    ...store,
    put: async (name, path, source, storeIo) => {
      told.push(path);
      return store.put(name, path, source, storeIo);
    },
    settle: async () => void told.push('settled'),
  };
  await sendCopy({ store: watched, backup, recipients: undefined, now: new Date() }, io());
  expect(told.slice(-4)).toEqual(['manifest.json', 'settled', 'copy.json', 'settled']);
  expect(told.filter((one) => one === 'settled')).toHaveLength(2);
});

interface Bytes {
  get(): Buffer;
  set(bytes: Uint8Array): void;
  remove(): void;
}

const send = (store: Store, recipients?: string[], how = io()) =>
  sendCopy({ store, backup, recipients, now: new Date() }, how);

/** Every file of a directory, with what it holds. */
const contents = (directory: string) =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => [
        join(one.parentPath, one.name).slice(directory.length + 1),
        readFileSync(join(one.parentPath, one.name), 'latin1'),
      ]),
  );

async function fetched(store: Store, copy: Copy, identities: string[] = []): Promise<Record<string, string>> {
  const to = join(home, `fetched-${Math.random()}`);
  await mkdir(to);
  await fetchCopy({ store, copy, identities }, to, io());
  return contents(to);
}

describe.each(['a bucket', 'a directory'] as const)('%s', (kind) => {
  describe.each([
    ['as it is', undefined],
    ['encrypted', [recipient]],
  ] as const)('%s', (_, recipients) => {
    const given = recipients === undefined ? [] : [identity];

    test('a copy comes back as it was, and is proven there', async () => {
      const { store, all } = await opened(kind);
      const how = io();
      const copy = await send(store, recipients && [...recipients], how);
      expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy }]);
      expect(copy).toMatchObject({ good: true, pinned: false, safety: false, database: DATABASE });
      expect(await fetched(store, copy, given)).toEqual(contents(backup.path));
      await proveCopy({ store, copy, identities: given }, io());
      expect(all().includes(PLANTED)).toBe(recipients === undefined);
      expect(how.bars.at(-1)).toBeGreaterThan(0);
    });

    test('one that is interrupted is none, and what was sent whole is not sent again', async () => {
      const { store } = await opened(kind);
      let files = 0;
      const stop = (name: string) => {
        files += 1;
        if (files === 3 || name === 'send:last') throw new Error('killed');
      };
      await expect(send(store, recipients && [...recipients], io(stop))).rejects.toThrow('killed');
      expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy: undefined }]);
      expect((await store.files(backup.id, io())).length).toBe(4);
      const how = io();
      const copy = await send(store, recipients && [...recipients], how);
      expect(how.lines.filter((line) => line.endsWith('is there already.')).length).toBe(recipients ? 0 : 3);
      expect(await fetched(store, copy, given)).toEqual(contents(backup.path));
    });

    test('a byte that is another there is found, and nothing is believed', async () => {
      const { store, reach } = await opened(kind);
      const copy = await send(store, recipients && [...recipients]);
      const file = copy.files.find(({ path }) => path.endsWith('.dat') && !path.endsWith('toc.dat'));
      const place = reach(`${backup.id}/${file?.path}${recipients ? '.age' : ''}`);
      const was = place.get();
      place.set(was.with(was.length - 5, (was.at(-5) ?? 0) ^ 1));
      await expect(proveCopy({ store, copy, identities: given }, io())).rejects.toMatchObject({
        code: 'remote.altered',
      });
      await expect(fetched(store, copy, given)).rejects.toMatchObject({ code: 'remote.altered' });
      place.set(was.subarray(0, -1));
      await expect(proveCopy({ store, copy, identities: given }, io())).rejects.toMatchObject({
        code: 'remote.cut',
      });
      place.set(Buffer.concat([was, Buffer.of(0)]));
      await expect(proveCopy({ store, copy, identities: given }, io())).rejects.toMatchObject({
        code: 'remote.altered',
      });
      place.set(was);
      await proveCopy({ store, copy, identities: given }, io());
    });
  });

  test('one that is encrypted is not sent again where it is the same, and what is no longer of it goes', async () => {
    const { store, all } = await opened(kind);
    await send(store);
    expect(all().includes(PLANTED)).toBe(true);
    const sealed = await send(store, [recipient]);
    expect(all().includes(PLANTED)).toBe(false);
    expect((await store.files(backup.id, io())).map(({ path }) => path).sort()).toEqual(
      ['.pgdeck-begun', 'copy.json', ...sealed.files.map(({ path }) => `${path}.age`)].sort(),
    );
    const how = io();
    const again = await send(store, [recipient], how);
    expect(how.lines.filter((line) => !line.endsWith('is there already.'))).toEqual([]);
    expect(again.files).toEqual(sealed.files);
    expect(await fetched(store, again, [identity])).toEqual(contents(backup.path));
  });

  test.each([undefined, [recipient]])(
    'while a file of it is another it is listed as none (for %s)',
    async (to) => {
      const { store } = await opened(kind);
      await send(store, to);
      const other = { ...backup, manifest: { ...backup.manifest, pinned: true } };
      const path = join(backup.path, 'manifest.json');
      const was = readFileSync(path);
      writeFileSync(path, `${JSON.stringify(other.manifest, undefined, 2)}\n`);
      try {
        const stop = (at: string) => {
          if (at === 'send:file') throw new Error('killed');
        };
        const sending = { store, backup: other, recipients: to, now: new Date() };
        await expect(sendCopy(sending, io(stop))).rejects.toThrow('killed');
        expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy: undefined }]);
        const how = io();
        const copy = await sendCopy(sending, how);
        expect(copy.pinned).toBe(true);
        expect(await fetched(store, copy, [identity])).toEqual(contents(backup.path));
      } finally {
        writeFileSync(path, was);
      }
    },
  );

  test('another backup of its name stays, and so does what others have there', async () => {
    const { store, reach } = await opened(kind);
    const copy = await send(store);
    const later = { ...backup, manifest: { ...backup.manifest, created_at: '2026-01-01T00:00:00.000Z' } };
    await expect(
      sendCopy({ store, backup: later, recipients: undefined, now: new Date() }, io()),
    ).rejects.toMatchObject({ code: 'remote.another', kind: 'refused' });
    expect(await fetched(store, copy)).toEqual(contents(backup.path));
    for (const path of ['copy.json', '.pgdeck-begun']) reach(`${backup.id}/${path}`).remove();
    expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy: undefined, foreign: true }]);
    await store.put(backup.id, 'a photo.jpg', textSource('a face'), io());
    await expect(send(store)).rejects.toMatchObject({
      code: 'remote.taken',
      message: expect.stringContaining('a photo.jpg is no file of this backup'),
    });
    await store.remove(backup.id, ['a photo.jpg'], io());
    expect(await fetched(store, await send(store))).toEqual(contents(backup.path));
  });

  test('what tells of a copy and is none is told', async () => {
    const { store, reach } = await opened(kind);
    const copy = await send(store);
    reach(`${backup.id}/copy.json`).set(Buffer.from('{"copy": 1}'));
    expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy: undefined, unreadable: true }]);
    reach(`${backup.id}/copy.json`).set(Buffer.from(JSON.stringify({ ...copy, id: 'another' })));
    expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy: undefined, unreadable: true }]);
    const resealed = (altered: object) =>
      reach(`${backup.id}/copy.json`).set(Buffer.from(copyText(altered as Copy)));
    resealed(copy);
    expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy }]);
    const [first, ...rest] = copy.files;
    for (const file of [
      { ...first, path: '../../etc/x' },
      { ...first, path: '/etc/x' },
      { ...first, sha256: 'f'.repeat(64) },
      { ...first, bytes: 1e9 },
      { ...first, bytes: -1 },
    ]) {
      resealed({ ...copy, files: [file, ...rest] });
      expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy: undefined, unreadable: true }]);
    }
    const escaping = { ...copy, files: [{ ...copy.files[0], path: '../../etc/x' }] };
    reach(`${backup.id}/copy.json`).set(Buffer.from(JSON.stringify(escaping)));
    expect(await findCopies(store, io())).toEqual([{ id: backup.id, copy: undefined, unreadable: true }]);
  });

  test('with another identity it does not come back, and that is said', async () => {
    const { store } = await opened(kind);
    const copy = await send(store, [recipient]);
    const other = await generateX25519Identity();
    await expect(fetched(store, copy, [other])).rejects.toMatchObject({
      code: 'remote.otherIdentity',
      message: expect.stringContaining('encrypted for others than the identity that was given'),
    });
  });
});

test('while a file takes hours it is said each hour that somebody is at it', async () => {
  const { store } = await opened('a directory');
  const times: number[] = [];
  const started = Date.now();
  let now = started;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => now);
  const watched: Store = {
    ...store,
    put: async (name, path, source, storeIo) => {
      if (path === '.pgdeck-begun') times.push((Date.now() - started) / 60_000);
      if (path.endsWith('toc.dat'))
        for (let minutes = 0; minutes < 180; minutes += 10) {
          now += 600_000;
          storeIo.onBytes?.(0);
        }
      return store.put(name, path, source, storeIo);
    },
  };
  try {
    await send(watched);
  } finally {
    clock.mockRestore();
  }
  expect(times).toEqual([0, 60, 120, 180]);
});

test('one that is larger than it says is given up at once, not when it has filled the disk', async () => {
  const { store } = await opened('a directory');
  const copy = await send(store, [recipient]);
  const file = copy.files.find(({ plain }) => plain.bytes > 0);
  if (file === undefined) throw new Error('all are empty');
  const lying = { ...copy, files: [{ ...file, plain: { ...file.plain, bytes: file.plain.bytes - 1 } }] };
  let came = 0;
  const read = async () => {
    for await (const { parts } of filesOfCopy({ store, copy: lying, identities: [identity] }, io()))
      for await (const part of parts) came += part.length;
  };
  await expect(read()).rejects.toMatchObject({ code: 'remote.altered' });
  expect(came).toBeLessThan(file.plain.bytes);
});

test('a file that was changed here since its backup is not sent', async () => {
  const { store } = await opened('a directory');
  const file = backup.manifest.files.find(({ bytes }) => bytes > 0);
  const path = join(backup.path, file?.path ?? '');
  const was = readFileSync(path);
  writeFileSync(path, was.with(0, (was[0] ?? 0) ^ 1));
  try {
    await expect(send(store)).rejects.toMatchObject({ code: 'remote.otherBytes' });
    await expect(send(store, [recipient])).rejects.toMatchObject({ code: 'remote.otherBytes' });
    expect((await findCopies(store, io())).filter(({ copy }) => copy !== undefined)).toEqual([]);
  } finally {
    writeFileSync(path, was);
  }
});

test('a bucket that breaks off is asked for the rest', { timeout: 60_000 }, async () => {
  const { store } = await opened('a bucket');
  const copy = await send(store);
  let cuts = 0;
  server.fault = ({ method, key }) => {
    if (method !== 'GET' || !key.endsWith('toc.dat') || cuts >= 3) return undefined;
    cuts += 1;
    return cuts === 2 ? { kind: 'short', bytes: 100 } : { kind: 'truncated', bytes: 100 };
  };
  try {
    expect(await fetched(store, copy)).toEqual(contents(backup.path));
    expect(cuts).toBe(3);
    server.fault = ({ method, key }) =>
      method === 'GET' && key.endsWith('toc.dat') ? { kind: 'short', bytes: 0 } : undefined;
    await expect(fetched(store, copy)).rejects.toMatchObject({ code: 'remote.cut' });
  } finally {
    server.fault = () => undefined;
  }
});

test('a disk that is not mounted is told', async () => {
  await made();
  await expect(send(directoryStore(join(home, 'not-there')))).rejects.toMatchObject({
    code: 'remote.absent',
  });
});
