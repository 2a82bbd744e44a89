import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RemoteSettings } from '../../../../src/config/remote.ts';
import { leftBehind, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { recoverFetch } from '../../../../src/ops/remote/pull/recover.ts';
import { updateManifest } from '../../../../src/ops/repository/update.ts';
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
import { cleanEnvironment, temporaryDirectory } from '../../../support/program.ts';
import { FaultyS3 } from '../../../support/s3/server.ts';
import type { Given } from './child.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
const home = temporaryDirectory();
const FILES = { 'data/1.dat': randomBytes(3_000), 'data/large.dat': randomBytes(19 << 20) };
const DAY = 86_400_000;

let server: FaultyS3;
let remote: RemoteSettings;
let at = '';
beforeAll(async () => {
  Object.assign(process.env, CREDENTIALS);
  server = await FaultyS3.start();
  remote = { kind: 's3', bucket: server.bucket, prefix: 'p', endpoint: server.endpoint };
});
afterAll(() => server.stop());
beforeEach(async () => {
  at = await mkdtemp(join(home, 'u'));
  server.objects.clear();
  server.uploads.clear();
  server.fault = () => undefined;
});

/** Runs it in a process that is killed as its so-many-th request comes to the server, answered or not; or at a point. */
async function killed(
  what: Given['what'],
  id: string,
  when: { request: number; answered?: boolean; cut?: number } | { point: string },
  to = remote,
): Promise<boolean> {
  const given: Given = { what, home: at, remote: to, id };
  const child = spawn(process.execPath, [CHILD, JSON.stringify(given)], {
    env: { ...cleanEnvironment(at), ...CREDENTIALS, ...('point' in when && { PGDECK_CRASH_AT: when.point }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      said += String(data);
    });
  let requests = 0;
  server.fault = () => {
    requests += 1;
    if ('cut' in when && requests === when.cut) return { kind: 'truncated', bytes: 5 << 20 };
    if (!('request' in when) || requests !== when.request) return undefined;
    child.kill('SIGKILL');
    // what it had asked for is done all the same, or never came
    return when.answered ? undefined : { kind: 'silent' };
  };
  const [, signal] = await once(child, 'close');
  server.fault = () => undefined;
  if (signal !== 'SIGKILL' && !said.startsWith('ok')) throw new Error(said);
  return signal === 'SIGKILL';
}

async function rerun(
  plan: (context: ReturnType<typeof contextTo>) => ReturnType<typeof planPush>,
  {
    now = new Date(),
    to = remote,
    env = {},
  }: { now?: Date; to?: RemoteSettings; env?: Record<string, string> } = {},
) {
  const context = contextTo(at, to, { now, env });
  try {
    const { end } = await carryOut(await plan(context), context);
    expect(end, end.text).toMatchObject({ ok: true });
  } finally {
    await context.close();
  }
}

const later = () => new Date(Date.now() + 2 * DAY);
const moments = (numbers: readonly number[]) =>
  numbers.map((request, i) => ({ moment: `its request ${request}`, request, answered: i % 2 === 0 }));

describe('a push that is killed', () => {
  test.each([
    ...moments([1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14]),
    ...['send', 'send:file', 'send:last', 'send:end'].map((point) => ({ moment: point, point })),
  ])('at $moment: nothing half is listed, and the same command makes it whole', async (when) => {
    const folder = putFiles(at, 'shop_1', FILES);
    const was = contents(folder);
    expect(await killed('push', 'shop_1', when)).toBe(true);
    const { copies } = await listed(remote);
    // only the last object makes it one
    const last = server.keys().some((key) => key.endsWith('copy.json'));
    expect(copies).toEqual(last ? ['shop_1'] : []);
    expect(contents(folder)).toEqual(was);
    await rerun((context) => planPush(context, 'shop_1'));
    expect(await listed(remote)).toEqual({ copies: ['shop_1'], rest: [] });
    await rerun((context) => planPrune(context, 'last 5'), { now: later() });
    expect(server.uploads.size).toBe(0);
    rmSync(folder, { recursive: true });
    await rerun((context) => planPull(context, 'shop_1'));
    expect(contents(folder)).toEqual(was);
  });

  test('and never begun again: what it left is swept, once it is old', async () => {
    putFiles(at, 'shop_1', FILES);
    expect(await killed('push', 'shop_1', { request: 10 })).toBe(true);
    expect(await listed(remote)).toEqual({ copies: [], rest: ['shop_1'] });
    const left = server.keys();
    await rerun((context) => planPrune(context, 'last 1'));
    expect(server.keys()).toEqual(left);
    await rerun((context) => planPrune(context, 'last 1'), { now: later() });
    expect(server.keys()).toEqual([]);
    expect(server.uploads.size).toBe(0);
    expect(await listedHere(at)).toEqual(['shop_1']);
  });
});

describe('what was copied and is sent again, and is killed', () => {
  const identities = generateX25519Identity();
  test.each([
    ...moments([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).map((one) => ({ ...one, sealed: false })),
    ...moments([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).map((one) => ({ ...one, sealed: true })),
    ...['send:unlisted', 'send:file', 'send:last'].map((point) => ({ moment: point, point, sealed: true })),
  ])('at $moment (encrypted: $sealed): what is listed comes back as it was', async ({ sealed, ...when }) => {
    const identity = await identities;
    const to = { ...remote, ...(sealed && { recipients: [await identityToRecipient(identity)] }) };
    const folder = putFiles(at, 'shop_1', FILES);
    const env = { PGDECK_AGE_IDENTITY: identity };
    await rerun((context) => planPush(context, 'shop_1'), { to });
    await updateManifest(folder, (manifest) => ({ ...manifest, pinned: true }));
    const was = contents(folder);
    await killed('push', 'shop_1', when, to);
    const aside = join(at, 'aside');
    renameSync(folder, aside);
    const { copies } = await listed(to);
    for (const id of copies) {
      await rerun((context) => planPull(context, id), { to, env });
      // its manifest is that of one time or the other
      expect({ ...contents(folder), 'manifest.json': '' }).toEqual({ ...was, 'manifest.json': '' });
      rmSync(folder, { recursive: true });
    }
    renameSync(aside, folder);
    await rerun((context) => planPush(context, 'shop_1'), { to });
    expect(await listed(to)).toEqual({ copies: ['shop_1'], rest: [] });
    expect(server.keys()).toHaveLength(6);
  });
});

describe('a pull that is killed', () => {
  test.each([
    ...moments([1, 2, 3, 4, 5, 6]),
    { moment: 'half of a file', request: 5, cut: 4 },
    ...['fetch', 'fetch:whole', 'fetch:end'].map((point) => ({ moment: point, point })),
  ])('at $moment: nothing half is listed here, and the same command fetches it', async (when) => {
    const folder = putFiles(at, 'shop_1', FILES);
    putFiles(at, 'other', { b: Buffer.from('stays') }, { database: 'stock' });
    const was = contents(folder);
    const other = contents(join(at, 'backups', 'other'));
    await rerun((context) => planPush(context, 'shop_1'));
    rmSync(folder, { recursive: true });
    const objects = [...server.objects].map(([key, { body }]) => [key, body.length]);
    const died = await killed('pull', 'shop_1', when);
    // the last of its requests may not come: then it was whole already
    expect(died || !('request' in when) || when.request > 5).toBe(true);
    const there = await listedHere(at);
    const whole = there.includes('shop_1');
    expect(whole).toBe(!died || ('point' in when && when.point === 'fetch:end'));
    if (whole) expect(contents(folder)).toEqual(was);
    await rerun((context) => planPull(context, 'shop_1'));
    expect(await listedHere(at)).toEqual(['other', 'shop_1']);
    expect(contents(folder)).toEqual(was);
    expect(contents(join(at, 'backups', 'other'))).toEqual(other);
    expect([...server.objects].map(([key, { body }]) => [key, body.length])).toEqual(objects);
    // what the killed one has left goes with the next that begins here
    expect(readdirSync(join(at, 'backups')).filter((one) => one.endsWith('.partial'))).toEqual([]);
  });
});

test.each(['fetch:file', 'fetch:whole'])(
  'what a fetch has left that was killed at %s is recovered',
  async (point) => {
    const folder = putFiles(at, 'shop_1', FILES);
    await rerun((context) => planPush(context, 'shop_1'));
    rmSync(folder, { recursive: true });
    expect(await killed('pull', 'shop_1', { point })).toBe(true);
    const left = readdirSync(join(at, 'backups')).filter((one) => one.endsWith('.partial'));
    expect(left).toHaveLength(1);
    const objects = server.keys();
    const context = contextTo(at, remote);
    const [run] = listRuns(context.journal).filter(leftBehind);
    if (run === undefined) throw new Error('nothing is left behind');
    const plan = await recoverFetch(run);
    expect(plan?.steps[0]?.preview).toContain(left[0]);
    await rerun(async () => plan ?? (await planPush(context, 'shop_1')));
    expect(readdirSync(join(at, 'backups')).filter((one) => !one.startsWith('.'))).toEqual([]);
    expect(server.keys()).toEqual(objects);
    expect(await recoverFetch(run)).toBeUndefined();
    await context.close();
  },
);

describe('a prune that is killed', () => {
  test.each([
    ...moments([5, 6, 8, 10, 11, 12, 13, 14, 16, 18]),
    ...[
      ...['delete:shop_2', 'delete:shop_2:unlisted', 'delete:shop_2:emptied', 'delete:shop_2:end', 'sweep'],
    ].map((point) => ({
      moment: point,
      point,
    })),
  ])('at $moment: what is listed is whole, and the same command goes on', async (when) => {
    const days = { shop_1: 0, shop_2: 40, shop_3: 50 };
    for (const [id, age] of Object.entries(days)) putFiles(at, id, { b: randomBytes(100) }, { days: age });
    putFiles(at, 'shop_pinned', { b: randomBytes(100) }, { days: 60, pinned: true });
    const here = await listedHere(at);
    for (const id of here) await rerun((context) => planPush(context, id));
    const folders = here.map((id) => contents(join(at, 'backups', id)));
    expect(await killed('prune', '', when)).toBe(true);
    const { copies } = await listed(remote);
    expect(copies).toEqual(expect.arrayContaining(['shop_1', 'shop_pinned']));
    for (const id of copies)
      expect(server.keys().filter((key) => key.startsWith(`p/${id}/`))).toHaveLength(5);
    await rerun((context) => planPrune(context, 'last 1'), { now: later() });
    expect(await listed(remote)).toEqual({ copies: ['shop_1', 'shop_pinned'], rest: [] });
    expect(server.keys()).toHaveLength(10);
    expect(await listedHere(at)).toEqual(here);
    expect(here.map((id) => contents(join(at, 'backups', id)))).toEqual(folders);
  });
});
