import { readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { verifyBackup } from '../../../src/ops/archive/verify.ts';
import type { Progress, ResultTable } from '../../../src/ops/engine/plan.ts';
import type { Level, Manifest, Verification } from '../../../src/ops/repository/manifest.ts';
import { findBackup } from '../../../src/ops/repository/repository.ts';
import { updateManifest } from '../../../src/ops/repository/update.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { publishCopy, tablesOf } from '../repository/stage.ts';
import { clients, cut, type DumpStage, dumpStage, flip, largest } from './stage.ts';

const home = temporaryDirectory();
const repository = join(home, 'repository');
let stage: DumpStage;
const archives = new Map<string, string>();

/** With a checksum of the content, as the zstd program does it. */
const zstd = (text: Buffer) => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

beforeAll(async () => {
  stage = await dumpStage(home);
  archives.set('custom', await stage.dump('custom.dump', '-Fc', '-Z1'));
  archives.set('custom -Z0', await stage.dump('custom0.dump', '-Fc', '-Z0'));
  archives.set('directory', await stage.dump('directory.dir', '-Fd', '-Z1'));
  archives.set('directory -Z0', await stage.dump('directory0.dir', '-Fd', '-Z0'));
  const sql = await stage.dump('plain.sql');
  archives.set('sql', sql);
  for (const [kind, pack] of [
    ['gz', gzipSync],
    ['zst', zstd],
  ] as const) {
    writeFileSync(`${sql}.${kind}`, pack(readFileSync(sql)));
    archives.set(`sql.${kind}`, `${sql}.${kind}`);
  }
});
afterAll(() => stage.db.drop());

async function published(name: string, more: Partial<Manifest> = {}): Promise<string> {
  const archive = archives.get(name);
  if (archive === undefined) throw new Error(`There is no archive ${name}`);
  return publishCopy(repository, archive, { tables: tablesOf(stage.counts), large_objects: 12, ...more });
}

async function verified(path: string, level: Exclude<Level, 'restore'>): Promise<Verification> {
  return verifyBackup({ here: local }, clients, await findBackup(repository, path), level);
}

test.each(['custom', 'custom -Z0', 'directory', 'directory -Z0', 'sql', 'sql.gz', 'sql.zst'])(
  'what is whole holds at every level: %s',
  async (name) => {
    const path = await published(name);
    for (const level of ['decode', 'checksum', 'counts'] as const)
      expect(await verified(path, level)).toMatchObject({ level, ok: true });
  },
);

type Damage = (archive: string) => void;
const emptied =
  (fits: RegExp): Damage =>
  (dir) =>
    truncateSync(largest(dir, fits));

/** What was done to which archive, and what decoding must say of it; undefined: only the checksum can tell. */
const MATRIX: [archive: string, what: string, damage: Damage, decode: RegExp | undefined][] = [
  ['custom', 'last byte cut', (file) => cut(file, -1), /is damaged/],
  [
    'custom',
    'cut at 60 %',
    (file) => cut(file, Math.floor(readFileSync(file).length * 0.6)),
    /is damaged|cannot be read/,
  ],
  ['custom', 'a byte of its data flipped', (file) => flip(file, 0.97), /is damaged/],
  ['custom', 'emptied', (file) => truncateSync(file), /cannot be read/],
  ['custom -Z0', 'a byte of a row flipped', (file) => flip(file, 'Street 77'), undefined],
  ['custom -Z0', 'last byte cut', (file) => cut(file, -1), /is damaged/],
  ['directory', 'a file missing', (dir) => unlinkSync(largest(dir, /^\d+\.dat/)), /is damaged/],
  ['directory', 'a file emptied', emptied(/^\d+\.dat/), /is damaged: .* is empty/],
  ['directory', 'a large object emptied', emptied(/^blob_\d+/), /is damaged: .* is empty/],
  ['directory', 'a file cut', (dir) => cut(largest(dir, /^\d+\.dat/), -9), /is damaged/],
  ['directory', 'a file flipped', (dir) => flip(largest(dir, /^\d+\.dat/), 0.5), /is damaged/],
  ['directory', 'its table of contents missing', (dir) => rmSync(join(dir, 'toc.dat')), /cannot be read/],
  [
    'directory -Z0',
    'a file emptied',
    emptied(/^\d+\.dat/),
    /is damaged: it should hold the data of 16 tables/,
  ],
  ['directory -Z0', 'a file flipped', (dir) => flip(largest(dir, /^\d+\.dat/), 'Street 77'), undefined],
  ['directory -Z0', 'a large object emptied', emptied(/^blob_\d+/), undefined],
  ['sql', 'cut', (file) => cut(file, -200), /is cut off/],
  [
    'sql',
    'cut within rows',
    (file) => cut(file, readFileSync(file).indexOf('Street 77')),
    /ends within the data of app\.customers/,
  ],
  ['sql', 'a byte of a row flipped', (file) => flip(file, 'Street 77'), undefined],
  ['sql.gz', 'cut', (file) => cut(file, -9), /is cut off/],
  ['sql.gz', 'flipped', (file) => flip(file, 0.6), /is damaged/],
  [
    'sql.gz',
    'of a dump that was killed',
    (file) => writeFileSync(file, gzipSync(readFileSync(file.slice(0, -3)).subarray(0, 50_000))),
    /is damaged|cut off|ends within/,
  ],
  ['sql.zst', 'cut', (file) => cut(file, -9), /is damaged|is cut off/],
  ['sql.zst', 'flipped', (file) => flip(file, 0.6), /is damaged/],
];

test.each(MATRIX)('damage is noticed: %s, %s', async (name, _what, damage, decode) => {
  const archive = archives.get(name) ?? '';
  const path = await published(name);
  // a plain copy lies beside, for what is made anew from it
  if (name === 'sql.gz')
    writeFileSync(join(path, basename(archive, '.gz')), readFileSync(archive.slice(0, -3)));
  const before = await findBackup(repository, path);
  damage(before.archive);
  const verify = (level: Exclude<Level, 'restore'>) => verifyBackup({ here: local }, clients, before, level);
  const decoded = await verify('decode');
  if (decode === undefined) expect(decoded.ok).toBe(true);
  else expect(decoded).toMatchObject({ ok: false, detail: expect.stringMatching(decode) });
  for (const level of ['checksum', 'counts'] as const)
    expect(await verify(level)).toMatchObject({
      level,
      ok: false,
      detail: expect.stringMatching(/was changed|is missing|bytes instead of/),
    });
});

test('rows that are not those counted are told table by table', async () => {
  const tables = tablesOf(stage.counts).map((table) => {
    if (table.name === 'numbers') return { ...table, rows: 31 };
    if (table.name === 'files') return { ...table, name: 'vanished' };
    return table;
  });
  const path = await published('custom', { tables, large_objects: 13 });
  const results: ResultTable[] = [];
  const io = { here: local, result: (table: ResultTable) => results.push(table) };
  expect(await verifyBackup(io, clients, await findBackup(repository, path), 'counts')).toMatchObject({
    ok: false,
    detail: 'app.vanished should hold 12 rows and holds nothing, and 3 more differ.',
  });
  expect(results[0]?.rows).toEqual([
    ['app.vanished', '12 rows', 'nothing'],
    ['app.numbers', '31 rows', '30 rows'],
    ['app.files', 'nothing', '12 rows'],
    ['Large objects', '13', '12'],
  ]);
});

test('progress is exact where the size is known, and never more than all', async () => {
  const tables = tablesOf(stage.counts).map((table) => ({ ...table, copy_bytes: 2_000 }));
  for (const name of ['custom', 'sql.gz']) {
    const path = await published(name, { tables });
    const seen: Progress[] = [];
    const io = { here: local, progress: (progress: Progress) => seen.push(progress) };
    await verifyBackup(io, clients, await findBackup(repository, path), 'counts');
    expect(new Set(seen.map(({ label }) => label))).toEqual(new Set(['checksum', 'decode']));
    expect(seen.every(({ done, of = 0 }) => done <= of)).toBe(true);
    const checksum = seen.findLast(({ label }) => label === 'checksum');
    expect(checksum?.done).toBe(checksum?.of);
  }
});

test('what others made is decoded and its rows counted, but has no checksum', async () => {
  const path = archives.get('custom') ?? '';
  expect(await verified(path, 'counts')).toMatchObject({
    level: 'decode',
    ok: true,
    detail: expect.stringMatching(
      /^Whole to its end: [\d,]+ rows in 16 tables, 12 large objects, .* of SQL\. There are no checksums of /,
    ),
  });
  await expect(verified(path, 'checksum')).rejects.toMatchObject({ name: 'OpError', kind: 'refused' });
});

test('a pg_restore that is missing or too old is not the fault of the backup', async () => {
  const backup = await findBackup(repository, await published('custom'));
  const none = { host: local, path: () => join(home, 'nowhere', 'pg_restore') };
  await expect(verifyBackup({ here: local }, none, backup, 'decode')).rejects.toMatchObject({
    kind: 'missing',
  });
  const old = join(home, 'pg_restore');
  writeFileSync(
    old,
    '#!/bin/sh\necho "pg_restore: error: unsupported version (1.16) in file header" >&2\nexit 1\n',
    { mode: 0o755 },
  );
  await expect(
    verifyBackup({ here: local }, { host: local, path: () => old }, backup, 'decode'),
  ).rejects.toMatchObject({
    name: 'OpError',
    kind: 'refused',
  });
});

test('a manifest keeps every change made at the same time', async () => {
  const path = await published('custom');
  const note = (n: number) =>
    updateManifest(path, (manifest) => ({
      ...manifest,
      verifications: [...manifest.verifications, { level: 'decode', at: String(n), ok: true, detail: '' }],
    }));
  await Promise.all([1, 2, 3, 4, 5, 6].map(note));
  const { manifest } = await findBackup(repository, path);
  expect(manifest?.verifications.map(({ at }) => at).sort()).toEqual(['1', '2', '3', '4', '5', '6']);
});
