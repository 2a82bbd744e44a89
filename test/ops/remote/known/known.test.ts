import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RemoteSettings } from '../../../../src/config/remote.ts';
import type { Copy } from '../../../../src/ops/remote/copy/copy.ts';
import {
  KNOWN,
  knownOf,
  noteAgreed,
  noteCopy,
  noteListing,
  noteMarked,
  storeKey,
} from '../../../../src/ops/remote/known/known.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const disk: RemoteSettings = { kind: 'directory', path: '/mnt/a' };
const bucket: RemoteSettings = { kind: 's3', bucket: 'b', prefix: 'p/' };

const copyOf = (id: string): Copy => ({
  copy: 1,
  id,
  pushed_at: '2026-11-30T04:00:00.000Z',
  pgdeck: '1',
  created_at: '2026-11-30T03:00:00.000Z',
  database: 'shop',
  scope: 'full',
  group: 'shop',
  safety: false,
  pinned: false,
  good: true,
  recipients: null,
  bytes: 3,
  files: [],
});

test('of what was never noted nothing is known', async () => {
  const directory = await mkdtemp(join(home, 'r-'));
  expect(await knownOf(directory, disk)).toBeUndefined();
  expect(await knownOf(directory, undefined)).toBeUndefined();
});

test('copies are noted for their own place, and what is listed takes the place of what was', async () => {
  const directory = join(home, 'new', 'repository');
  await noteCopy(directory, bucket, 's3://b/p', copyOf('one'));
  await noteCopy(directory, bucket, 's3://b/p', copyOf('two'));
  await noteCopy(directory, bucket, 's3://b/p', copyOf('two'));
  await noteAgreed(directory, bucket, 's3://b/p', ['age1x']);
  await noteMarked(directory, disk, '/mnt/a');
  expect(await knownOf(directory, bucket)).toMatchObject({
    label: 's3://b/p',
    looked_at: null,
    copies: [{ id: 'one' }, { id: 'two', encrypted: false, bytes: 3 }],
  });
  expect(await knownOf(directory, disk)).toMatchObject({ marked: true, copies: [] });
  await noteListing(directory, bucket, 's3://b/p', [copyOf('two')], new Date('2026-11-30T05:00:00Z'));
  expect(await knownOf(directory, bucket)).toMatchObject({
    looked_at: '2026-11-30T05:00:00.000Z',
    agreed: ['age1x'],
    copies: [{ id: 'two' }],
  });
});

test('notes that are written at the same time are all there', async () => {
  const directory = await mkdtemp(join(home, 'r-'));
  const ids = Array.from({ length: 12 }, (_, n) => `c${n}`);
  await Promise.all(ids.map((id) => noteCopy(directory, disk, '/mnt/a', copyOf(id))));
  const known = await knownOf(directory, disk);
  expect(known?.copies.map(({ id }) => id).sort()).toEqual(ids.sort());
});

test('what cannot be read is as if it were not there, and is written anew', async () => {
  const directory = await mkdtemp(join(home, 'r-'));
  writeFileSync(join(directory, KNOWN), '{"x": 1');
  expect(await knownOf(directory, disk)).toBeUndefined();
  await noteCopy(directory, disk, '/mnt/a', copyOf('one'));
  expect(JSON.parse(readFileSync(join(directory, KNOWN), 'utf8'))).toHaveProperty([storeKey(disk)]);
});

test('a place is told from others, however its path is written', () => {
  expect(storeKey(bucket)).toBe(storeKey({ kind: 's3', bucket: 'b', prefix: 'p' }));
  expect(storeKey(bucket)).not.toBe(storeKey({ kind: 's3', bucket: 'b', prefix: 'p', endpoint: 'http://x' }));
  expect(storeKey(disk)).not.toBe(storeKey({ kind: 'host', path: '/mnt/a', runs_on: { kind: 'local' } }));
});
