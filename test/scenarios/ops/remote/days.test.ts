import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RemoteSettings } from '../../../../src/config/remote.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  CREDENTIALS,
  contents,
  contextTo,
  listed,
  listedHere,
  planPrune,
  planPull,
  planPush,
  putFiles,
} from '../../../ops/remote/stage.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { type Asked, type Fault, FaultyS3 } from '../../../support/s3/server.ts';

const home = temporaryDirectory();
const identity = await generateX25519Identity();
const recipients = [await identityToRecipient(identity)];
const PLANTED = 'planted-plaintext-of-a-customer';
const FILES = {
  'data/1.dat': Buffer.from(PLANTED.repeat(400)),
  'data/empty.dat': Buffer.of(),
  'data/large.dat': Buffer.concat([Buffer.from(PLANTED), randomBytes(19 << 20)]),
};

beforeAll(() => void Object.assign(process.env, CREDENTIALS));

let at = '';
beforeEach(async () => {
  at = await mkdtemp(join(home, 'u'));
});

/** Carries a plan out: its end, which is a sentence or two. */
async function done(
  what: Promise<Awaited<ReturnType<typeof planPush>>>,
  context: ReturnType<typeof contextTo>,
): Promise<{ ok: boolean; text: string }> {
  try {
    const { end } = await carryOut(await what, context);
    return end;
  } catch (error) {
    // a plan looks at the store, too
    return { ok: false, text: (error as Error).message };
  }
}

/** Whether any file below a directory has the words in it. */
const holds = (directory: string, words: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).some(
    (one) => one.isFile() && readFileSync(join(one.parentPath, one.name)).includes(words),
  );

/** What any of it makes of a user's day: told in words, with nothing of JavaScript in them. */
function isTold(text: string): void {
  expect(text).toMatch(/^[A-Z0-9a-z/].*([.)]|: pgdeck [^\n]*)$/s);
  expect(text).not.toMatch(/undefined|\[object|\n\s+at |TypeError|S3RVER/);
}

describe.each([
  ['as it is', undefined],
  ['encrypted', recipients],
] as const)('a server that is alive, %s', (_, sealed) => {
  const directory = temporaryDirectory();
  let server: S3rver;
  let remote: RemoteSettings;
  beforeAll(async () => {
    // it reckons signatures of lists whose prefix has a slash otherwise than S3 does
    const configureBuckets = [{ name: 'backups' }];
    server = new S3rver({
      address: '127.0.0.1',
      port: 0,
      silent: true,
      allowMismatchedSignatures: true,
      directory,
      configureBuckets,
    });
    const { port } = await server.run();
    remote = {
      kind: 's3',
      bucket: 'backups',
      prefix: 'prod/shop',
      endpoint: `http://127.0.0.1:${port}`,
      ...(sealed && { recipients: [...sealed] }),
    };
  });
  afterAll(() => server.close());

  test('what went there comes back as it was, and the old goes', async () => {
    const context = contextTo(at, remote, { env: { PGDECK_AGE_IDENTITY: identity } });
    const folder = putFiles(at, 'shop_1', FILES);
    putFiles(at, 'shop_0', {}, { days: 40 });
    putFiles(at, 'shop_pinned', {}, { days: 50, pinned: true });
    const was = contents(folder);
    for (const id of ['shop_1', 'shop_0', 'shop_pinned']) {
      const end = await done(planPush(context, id), context);
      expect(end, end.text).toMatchObject({ ok: true });
    }
    expect(await listed(remote)).toEqual({ copies: ['shop_0', 'shop_1', 'shop_pinned'], rest: [] });
    // as s3rver keeps it on its disk
    expect(holds(directory, PLANTED)).toBe(sealed === undefined);
    rmSync(folder, { recursive: true });
    const back = await done(planPull(context, 'shop_1'), context);
    expect(back, back.text).toMatchObject({ ok: true });
    expect(contents(folder)).toMatchObject(was);
    expect(Object.keys(contents(folder)).sort()).toEqual(Object.keys(was).sort());
    const pruned = await done(planPrune(context, 'last 1'), context);
    expect(pruned, pruned.text).toMatchObject({ ok: true });
    expect(await listed(remote)).toEqual({ copies: ['shop_1', 'shop_pinned'], rest: [] });
    expect(await listedHere(at)).toEqual(['shop_0', 'shop_1', 'shop_pinned']);
    await context.close();
  });
});

describe('a server that has a bad day', () => {
  let server: FaultyS3;
  let remote: RemoteSettings;
  beforeAll(async () => {
    server = await FaultyS3.start();
    remote = { kind: 's3', bucket: server.bucket, prefix: 'p', endpoint: server.endpoint };
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    server.objects.clear();
    server.uploads.clear();
    server.fault = () => undefined;
  });

  /** A fault for requests of a kind, each time or the first so many times. */
  const goesWrong = (fault: Fault, is: (asked: Asked) => boolean, times = Number.POSITIVE_INFINITY) => {
    let left = times;
    server.fault = (asked) => {
      if (left <= 0 || !is(asked)) return undefined;
      left -= 1;
      return fault;
    };
  };
  const status = (code: number, name: string): Fault => ({ kind: 'status', status: code, code: name });
  const put = ({ method }: Asked) => method === 'PUT';
  const got = ({ method, key }: Asked) => method === 'GET' && key.includes('data/');
  const part = ({ query }: Asked) => query.get('partNumber') === '2';

  test.each<[string, Fault, (asked: Asked) => boolean, number]>([
    ['500, for ever', status(500, 'InternalError'), put, Number.POSITIVE_INFINITY],
    ['503 SlowDown, for ever', status(503, 'SlowDown'), put, Number.POSITIVE_INFINITY],
    ['503 SlowDown, a while', status(503, 'SlowDown'), put, 3],
    ['403', status(403, 'AccessDenied'), put, Number.POSITIVE_INFINITY],
    [
      '403 of what makes it a copy',
      status(403, 'AccessDenied'),
      ({ method, key }) => method === 'PUT' && key.endsWith('copy.json'),
      9,
    ],
    ['a reset in a part, for ever', { kind: 'reset' }, part, Number.POSITIVE_INFINITY],
    ['a reset in a part, once', { kind: 'reset' }, part, 1],
    ['an upload that is gone', status(404, 'NoSuchUpload'), part, Number.POSITIVE_INFINITY],
    [
      'parts that are not put together',
      status(500, 'InternalError'),
      ({ method, query }) => method === 'POST' && query.has('uploadId'),
      99,
    ],
    ['less than it was given', { kind: 'loses', bytes: 1 }, put, Number.POSITIVE_INFINITY],
    ['less of a part', { kind: 'loses', bytes: 1 }, part, 1],
    ['slow', { kind: 'slow', ms: 30 }, () => true, Number.POSITIVE_INFINITY],
    ['lists that fail', status(500, 'InternalError'), ({ query }) => query.has('list-type'), 99],
  ])(
    'sending, %s: a copy that is whole, or none and a sentence; then it goes on',
    { timeout: 60_000 },
    async (_, fault, is, times) => {
      const context = contextTo(at, remote);
      const folder = putFiles(at, 'shop_1', FILES);
      const was = contents(folder);
      goesWrong(fault, is, times);
      const end = await done(planPush(context, 'shop_1'), context);
      isTold(end.text);
      server.fault = () => undefined;
      const before = await listed(remote);
      expect(before.copies).toEqual(end.ok ? ['shop_1'] : []);
      expect(contents(folder)).toEqual(was);
      const again = await done(planPush(context, 'shop_1'), context);
      expect(again, again.text).toMatchObject({ ok: true });
      expect(server.uploads.size).toBe(0);
      rmSync(folder, { recursive: true });
      const back = await done(planPull(context, 'shop_1'), context);
      expect(back, back.text).toMatchObject({ ok: true });
      expect(contents(folder)).toEqual(was);
      await context.close();
    },
  );

  describe.each([
    ['as it is', undefined],
    ['encrypted', recipients],
  ] as const)('fetching %s', (_, sealed) => {
    const to = (): RemoteSettings =>
      ({ ...remote, ...(sealed && { recipients: [...sealed] }) }) as RemoteSettings;
    const own = () => contextTo(at, to(), { env: { PGDECK_AGE_IDENTITY: identity } });
    async function pushed() {
      const context = own();
      const folder = putFiles(at, 'shop_1', FILES);
      const was = contents(folder);
      const end = await done(planPush(context, 'shop_1'), context);
      expect(end, end.text).toMatchObject({ ok: true });
      rmSync(folder, { recursive: true });
      return { context, folder, was };
    }

    test.each<[string, Fault, number]>([
      ['500, a while', status(500, 'InternalError'), 2],
      ['503 SlowDown, a while', status(503, 'SlowDown'), 2],
      ['403', status(403, 'AccessDenied'), Number.POSITIVE_INFINITY],
      ['404', status(404, 'NoSuchKey'), Number.POSITIVE_INFINITY],
      ['a reset, once', { kind: 'reset' }, 1],
      ['cut in its midst, twice', { kind: 'truncated', bytes: 5_000 }, 2],
      ['shorter than it was, once', { kind: 'short', bytes: 5_000 }, 1],
      ['a byte that is another', { kind: 'flipped' }, Number.POSITIVE_INFINITY],
      ['slow', { kind: 'slow', ms: 50 }, Number.POSITIVE_INFINITY],
    ])('%s: every byte, or nothing and a sentence', { timeout: 60_000 }, async (_, fault, times) => {
      const { context, folder, was } = await pushed();
      goesWrong(fault, got, times);
      const end = await done(planPull(context, 'shop_1'), context);
      isTold(end.text);
      expect(await listedHere(at)).toEqual(end.ok ? ['shop_1'] : []);
      if (end.ok) expect(contents(folder)).toEqual(was);
      expect(end.ok, end.text).toBe(Number.isFinite(times) || fault.kind === 'slow');
      await context.close();
    });

    test('a byte that is another is found in whatever object it is', { timeout: 60_000 }, async () => {
      const { context, folder, was } = await pushed();
      const size = (key: string) => server.objects.get(key)?.body.length ?? 0;
      // what says that it is ours is no part of it
      const keys = server.keys().filter((key) => !key.endsWith('.pgdeck-begun') && size(key) > 0);
      expect(keys.length).toBeGreaterThanOrEqual(5);
      for (const key of keys) {
        const held = server.objects.get(key);
        if (held === undefined) continue;
        const { length } = held.body;
        for (const place of [0, length >> 1, length - 1]) {
          const body = Buffer.from(held.body);
          body[place] = (body[place] ?? 0) ^ 1;
          server.objects.set(key, { ...held, body });
          const end = await done(planPull(context, 'shop_1'), context);
          expect(end.ok, `${key} at ${place}: ${end.text}`).toBe(false);
          isTold(end.text);
          expect(await listedHere(at)).toEqual([]);
        }
        server.objects.set(key, held);
      }
      const end = await done(planPull(context, 'shop_1'), context);
      expect(end, end.text).toMatchObject({ ok: true });
      expect(contents(folder)).toEqual(was);
      await context.close();
    });

    test('in what makes it a copy, each byte counts', async () => {
      const { context } = await pushed();
      const [key = ''] = server.keys().filter((one) => one.endsWith('copy.json'));
      const held = server.objects.get(key);
      if (held === undefined) throw new Error('there is no copy');
      for (let place = 0; place < held.body.length - 1; place += 7) {
        const body = Buffer.from(held.body);
        body[place] = (body[place] ?? 0) ^ 1;
        server.objects.set(key, { ...held, body });
        expect(await listed(to()), `at ${place}`).toEqual({ copies: [], rest: ['shop_1'] });
      }
      await context.close();
    });

    test('no file of it alone is missing unseen', async () => {
      const { context } = await pushed();
      // neither is a file of it
      const others = ['copy.json', '.pgdeck-begun'];
      for (const key of server.keys().filter((one) => !others.some((end) => one.endsWith(end)))) {
        const held = server.objects.get(key);
        if (held === undefined) continue;
        server.objects.delete(key);
        if (held.body.length > 0 || sealed !== undefined) {
          const end = await done(planPull(context, 'shop_1'), context);
          expect(end.ok, key).toBe(false);
        }
        server.objects.set(key, held);
        expect(await listedHere(at)).toEqual([]);
      }
      await context.close();
    });
  });

  test('nothing that leaves encrypted can be read, and another identity says so', async () => {
    const sealed = { ...remote, recipients } as RemoteSettings;
    const context = contextTo(at, sealed, { env: { PGDECK_AGE_IDENTITY: await generateX25519Identity() } });
    putFiles(at, 'shop_1', FILES);
    const end = await done(planPush(context, 'shop_1'), context);
    expect(end, end.text).toMatchObject({ ok: true });
    for (const [key, { body }] of server.objects) {
      expect(body.includes(PLANTED), key).toBe(false);
      expect(body.includes(Buffer.from(identity)), key).toBe(false);
    }
    const back = await done(planPull(context, 'shop_1'), context);
    expect(back).toMatchObject({ ok: false, text: expect.stringContaining('encrypted for others') });
    const without = contextTo(at, sealed);
    expect((await done(planPull(without, 'shop_1'), without)).text).toMatch(
      /^shop_1 is encrypted, and no identity was given\./,
    );
    rmSync(join(at, 'backups', 'shop_1'), { recursive: true });
    const file = join(at, 'identity');
    writeFileSync(file, `# created\n${identity}\n`);
    const right = contextTo(at, { ...sealed, identity_file: file });
    expect(await done(planPull(right, 'shop_1'), right)).toMatchObject({ ok: true });
    expect(await listedHere(at)).toEqual(['shop_1']);
    for (const one of [context, without, right]) await one.close();
  });
});
