import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { textSource } from '../../../../src/ops/remote/store/read.ts';
import { s3Store } from '../../../../src/ops/remote/store/s3.ts';
import type { Source, Store, StoreIo } from '../../../../src/ops/remote/store/store.ts';
import { type Fault, FaultyS3 } from '../../../support/s3/server.ts';
import { all, sourceOf, sum } from './source.ts';

let server: FaultyS3;
let store: Store;
const io = (signal = new AbortController().signal): StoreIo => ({ signal });
const SECRET = 'secret-that-is-nowhere';

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'me';
  process.env.AWS_SECRET_ACCESS_KEY = SECRET;
  server = await FaultyS3.start();
  server.credentials = { key: 'me', secret: SECRET };
  store = await s3Store({ kind: 's3', bucket: 'backups', prefix: 'prod', endpoint: server.endpoint });
});
afterAll(async () => {
  await store.close();
  await server.stop();
});
beforeEach(() => {
  server.objects.clear();
  server.uploads.clear();
  server.fault = () => undefined;
});

const BIG = randomBytes(20 << 20);
/** On the first so many requests of that kind. */
const first = (
  times: number,
  method: string,
  fault: Fault,
  of = (_: { query: URLSearchParams; key: string }) => true,
) => {
  let left = times;
  server.fault = (asked) => {
    if (asked.method !== method || !of(asked) || left === 0) return undefined;
    left -= 1;
    return fault;
  };
};

test('whoever has other credentials is told so, whatever is asked', async () => {
  const names = ['a b', 'c+d=e%', "f(g)*'!", 'ü/日本'];
  for (const path of names) await store.put('one', path, textSource('x'), io());
  expect((await store.files('one', io())).map(({ path }) => path).sort()).toEqual([...names].sort());
  expect(await store.names(io())).toEqual(['one']);
  server.credentials = { key: 'me', secret: 'another' };
  try {
    for (const asked of [
      () => store.names(io()),
      () => store.files('one', io()),
      () => store.read('one', 'a b', 10, io()),
      () => store.put('one', 'x', textSource('x'), io()),
      () => store.put('one', 'x', sourceOf(BIG), io()),
      () => store.remove('one', ['a b'], io()),
      () => store.sweep(new Date(), async () => true, io()),
    ])
      await expect(asked()).rejects.toMatchObject({ code: 'remote.denied' });
  } finally {
    server.credentials = { key: 'me', secret: SECRET };
  }
  expect(server.objects.size).toBe(names.length);
});

describe('a bucket', () => {
  test.each([
    ['nothing', Buffer.of(), true],
    ['a few bytes', Buffer.from('hello'), true],
    ['in parts', BIG, true],
    ['in parts, of unknown size', BIG, false],
  ])('holds what was put into it: %s', async (_, bytes, known) => {
    let sent = 0;
    const signal = new AbortController().signal;
    const stored = await store.put('one', 'a/b.dump', sourceOf(bytes, known), {
      signal,
      onBytes: (n) => (sent += n),
    });
    expect(stored).toEqual({ bytes: bytes.length, sha256: sum(bytes) });
    expect(sent).toBe(bytes.length);
    expect(server.keys()).toEqual(['prod/one/a/b.dump']);
    expect(server.uploads.size).toBe(0);
    expect((await all(store.get('one', 'a/b.dump', 0, io()))).equals(bytes)).toBe(true);
    if (bytes.length > 3)
      expect((await all(store.get('one', 'a/b.dump', 3, io()))).equals(bytes.subarray(3))).toBe(true);
  });

  test('lists what it has, page by page', async () => {
    for (const name of ['one', 'two', 'three', 'four', 'five'])
      for (const path of ['x', 'y/z', 'manifest.json', 'w'])
        await store.put(name, path, textSource(name + path), io());
    expect((await store.names(io())).sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
    expect((await store.files('two', io())).sort((a, b) => (a.path < b.path ? -1 : 1))).toMatchObject([
      { path: 'manifest.json', bytes: 16 },
      { path: 'w', bytes: 4 },
      { path: 'x', bytes: 4 },
      { path: 'y/z', bytes: 6 },
    ]);
    expect((await store.read('two', 'manifest.json', 100, io()))?.toString()).toBe('twomanifest.json');
    expect(await store.read('two', 'manifest.json', 3, io())).toBeUndefined();
    expect(await store.read('two', 'nothing', 100, io())).toBeUndefined();
    await store.remove('two', ['manifest.json', 'w', 'x', 'y/z', 'gone'], io());
    expect(await store.files('two', io())).toEqual([]);
    expect(await store.files('one', io())).toHaveLength(4);
  });

  test('that others keep what they like in is listed all the same, and what no copy is called is left out', async () => {
    const odd = ['a&b<c>', 'tab\there', 'bell\u0007', "it's 100% + ü/日本"];
    const put = (key: string) =>
      void server.objects.set(`prod/${key}`, { body: Buffer.from('x'), metadata: {}, modified: new Date() });
    for (const name of odd) put(`${name}/f`);
    for (const path of odd) put(`one/${path}`);
    for (const name of ['', '..', '.hidden']) put(`${name}/x`);
    put('a file');
    const names = ['a&b<c>', 'tab\there', 'bell\u0007', "it's 100% + ü", 'one'];
    expect((await store.names(io())).sort()).toEqual(names.sort());
    expect((await store.files('one', io())).map(({ path }) => path).sort()).toEqual([...odd].sort());
    await store.remove('one', odd, io());
    expect(await store.files('one', io())).toEqual([]);
  });

  test('is not there', async () => {
    const other = await s3Store({ kind: 's3', bucket: 'other', endpoint: server.endpoint });
    await expect(other.names(io())).rejects.toThrow('s3://other: there is no bucket other.');
    await other.close();
  });
});

describe('parts', () => {
  const own = (bytes: Buffer): Source => ({
    ...sourceOf(bytes),
    own: true,
    open: async function* () {
      for (let at = 0; at < bytes.length; at += 1 << 20) {
        const piece = Buffer.allocUnsafeSlow(Math.min(1 << 20, bytes.length - at));
        bytes.copy(piece, 0, at);
        yield piece;
        // whoever took it has given its memory back
        expect(piece.buffer.detached).toBe(true);
      }
    },
  });

  test('are filled again and again, and what they are filled with is given back', async () => {
    const much = Buffer.concat([BIG, BIG, BIG]);
    const made = vi.spyOn(Buffer, 'allocUnsafeSlow');
    await store.put('one', 'b', own(much), io());
    const parts = made.mock.calls.filter(([size]) => size === 6 << 20);
    made.mockRestore();
    expect(parts.length).toBeGreaterThanOrEqual(2);
    expect(parts.length).toBeLessThanOrEqual(3);
    expect(server.objects.get('prod/one/b')?.body.equals(much)).toBe(true);
  });

  test('are sent again as they were, though others are filled meanwhile', async () => {
    first(4, 'PUT', { kind: 'status', status: 503, code: 'SlowDown' }, ({ query }) =>
      query.has('partNumber'),
    );
    await store.put('one', 'b', own(BIG), io());
    expect(server.objects.get('prod/one/b')?.body.equals(BIG)).toBe(true);
  });

  test('have the checksum that was announced, where the client reckons one of itself', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', server.endpoint);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    const amazon = await s3Store({ kind: 's3', bucket: 'backups', prefix: 'prod' });
    try {
      await amazon.put('one', 'b', sourceOf(BIG), io());
      await amazon.put('one', 'a', textSource('hello'), io());
    } finally {
      vi.unstubAllEnvs();
      await amazon.close();
    }
    expect(server.objects.get('prod/one/b')?.body.equals(BIG)).toBe(true);
    expect(server.objects.get('prod/one/a')?.body.toString()).toBe('hello');
  });

  test.each(['POST', 'PUT'])('that get no name from %s are none, and nothing is left', async (method) => {
    first(100, method, { kind: 'nameless' }, ({ query }) => query.has('uploads') || query.has('partNumber'));
    await expect(store.put('one', 'b', sourceOf(BIG), io())).rejects.toThrow(
      /could not store a file: (the upload that was begun|part \d) got no name/,
    );
    expect(server.keys()).toEqual([]);
    // one that has no name can be ended by nobody but the sweep
    expect(server.uploads.size).toBe(method === 'POST' ? 1 : 0);
  });
});

describe.each([
  ['500', { kind: 'status', status: 500, code: 'InternalError' }],
  ['503 SlowDown', { kind: 'status', status: 503, code: 'SlowDown' }],
  ['a reset', { kind: 'reset' }],
] as const)('%s', (_, fault: Fault) => {
  test('is asked again', async () => {
    first(2, 'PUT', fault);
    await store.put('one', 'a', textSource('hello'), io());
    first(2, 'PUT', fault, ({ query }) => query.get('partNumber') === '2');
    await store.put('one', 'b', sourceOf(BIG), io());
    expect(server.objects.get('prod/one/b')?.body.equals(BIG)).toBe(true);
    first(2, 'GET', fault);
    expect((await all(store.get('one', 'a', 0, io()))).toString()).toBe('hello');
  });

  test('for ever fails, and nothing is there', { timeout: 30_000 }, async () => {
    first(100, 'PUT', fault, ({ query }) => query.get('partNumber') === '2');
    const put = store.put('one', 'b', sourceOf(BIG), io());
    await expect(put).rejects.toThrow(
      /s3:\/\/backups\/prod (could not store a file|cannot be reached).* Nothing is listed there/,
    );
    expect(server.keys()).toEqual([]);
    expect(server.uploads.size).toBe(0);
  });
});

describe('what is believed of it', () => {
  test('403: that we may not', async () => {
    first(100, 'PUT', { kind: 'status', status: 403, code: 'AccessDenied' });
    const error = await store.put('one', 'a', textSource('x'), io()).catch((e: Error) => e);
    expect(error).toMatchObject({ code: 'remote.denied', kind: 'failed' });
    expect(JSON.stringify(error) + String(error) + String((error as Error).stack)).not.toContain(SECRET);
  });

  test('not that all was stored', async () => {
    first(1, 'PUT', { kind: 'loses', bytes: 3 });
    await expect(store.put('one', 'a', textSource('hello'), io())).rejects.toThrow(
      /has 2 B of a after it said that all 5 B were stored/,
    );
    first(1, 'PUT', { kind: 'loses', bytes: 1 }, ({ query }) => query.get('partNumber') === '1');
    await expect(store.put('one', 'b', sourceOf(BIG), io())).rejects.toMatchObject({
      code: 'remote.notWhole',
    });
  });

  test('not that we read what the manifest says', async () => {
    const lying: Source = { ...sourceOf(BIG), sha256: sum(Buffer.of()) };
    await expect(store.put('one', 'b', lying, io())).rejects.toMatchObject({ code: 'remote.otherBytes' });
    expect(server.keys()).toEqual([]);
    expect(server.uploads.size).toBe(0);
    const shorter: Source = { ...sourceOf(Buffer.from('hello')), bytes: 6 };
    await expect(store.put('one', 'a', shorter, io())).rejects.toMatchObject({ code: 'remote.otherBytes' });
    expect(server.keys()).toEqual([]);
  });

  test('a source that breaks makes no file of what came until then', async () => {
    const broken: Source = {
      bytes: undefined,
      sha256: undefined,
      open: async function* () {
        yield BIG;
        throw new Error('the disk is gone');
      },
    };
    await expect(store.put('one', 'b', broken, io())).rejects.toThrow(/the disk is gone/);
    expect(server.keys()).toEqual([]);
    expect(server.uploads.size).toBe(0);
  });

  test('an answer that ends too early is an error, or is shorter', async () => {
    server.objects.set('prod/one/b', { body: BIG, metadata: {}, modified: new Date() });
    first(1, 'GET', { kind: 'truncated', bytes: 1_000 });
    await expect(all(store.get('one', 'b', 0, io()))).rejects.toThrow(/s3:\/\/backups\/prod/);
    first(1, 'GET', { kind: 'short', bytes: 1_000 });
    expect(await all(store.get('one', 'b', 0, io()))).toHaveLength(1_000);
  });

  test('not that it gives the part that it was asked for', async () => {
    server.objects.set('prod/one/b', { body: BIG, metadata: {}, modified: new Date() });
    first(1, 'GET', { kind: 'whole' });
    expect((await all(store.get('one', 'b', 3_000_001, io()))).equals(BIG.subarray(3_000_001))).toBe(true);
  });

  test('not that a list has ended where it says that it goes on', async () => {
    for (const ask of [
      () => store.names(io()),
      () => store.files('one', io()),
      () => store.sweep(new Date(), async () => true, io()),
    ]) {
      first(100, 'GET', { kind: 'unended' });
      await expect(ask()).rejects.toThrow(/its list goes on, and does not say where/);
    }
  });

  test('it is cancelled in the midst of a part, and nothing is left', async () => {
    const stop = new AbortController();
    server.fault = ({ query }) => {
      if (query.get('partNumber') !== '2') return undefined;
      stop.abort();
      return { kind: 'silent' };
    };
    await expect(store.put('one', 'b', sourceOf(BIG), io(stop.signal))).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(server.keys()).toEqual([]);
    await expect.poll(() => server.uploads.size).toBe(0);
  });

  test('nobody is there', async () => {
    const away = await FaultyS3.start();
    const { endpoint } = away;
    await away.stop();
    const other = await s3Store({ kind: 's3', bucket: 'backups', endpoint });
    await expect(other.names(io())).rejects.toMatchObject({ code: 'remote.unreachable' });
    await other.close();
  });

  test('uploads that a killed run has left are ended once they are old', async () => {
    server.uploads.set('u', {
      key: 'prod/one/b',
      begun: new Date(Date.now() - 86_400_000),
      metadata: {},
      parts: new Map(),
    });
    server.uploads.set('v', { key: 'prod/one/b', begun: new Date(), metadata: {}, parts: new Map() });
    server.uploads.set('w', { key: 'else/one/b', begun: new Date(0), metadata: {}, parts: new Map() });
    server.uploads.set('x', { key: 'prod/other/b', begun: new Date(0), metadata: {}, parts: new Map() });
    const asked: string[] = [];
    const ours = async (name: string) => {
      asked.push(name);
      return name === 'one';
    };
    expect(await store.sweep(new Date(Date.now() - 3_600_000), ours, io())).toBe(1);
    expect([...server.uploads.keys()]).toEqual(['v', 'w', 'x']);
    for (let i = 0; i < 10; i += 1)
      server.uploads.set(`u${i}`, { key: 'prod/one/b', begun: new Date(0), metadata: {}, parts: new Map() });
    expect(await store.sweep(new Date(Date.now() - 3_600_000), async (name) => name === 'one', io())).toBe(
      10,
    );
    expect(asked).toEqual(['one', 'other']);
  });
});
