import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHeader } from '../../../src/ops/archive/header.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { type DumpStage, detectArchive, dumpStage, refused } from './stage.ts';

const home = temporaryDirectory();
let stage: DumpStage;
beforeAll(async () => {
  stage = await dumpStage(home);
});
afterAll(() => stage.db.drop());

const file = (name: string, content: string | Buffer) => {
  const path = join(home, name);
  writeFileSync(path, content);
  return path;
};

test('what an archive is, by its content', async () => {
  // no name gives it away
  const plain = await stage.dump('a');
  const made = {
    custom: await stage.dump('b', '-Fc'),
    directory: await stage.dump('c', '-Fd'),
    sql: plain,
    'sql.gz': await stage.dump('d', '-Z1'),
    'sql.zst': file('e', zstdCompressSync(Buffer.from('-- PostgreSQL database dump\n'.repeat(9_000)))),
  };
  for (const [kind, path] of Object.entries(made)) expect(await detectArchive(path)).toEqual({ kind, path });
});

test('what an archive says of itself', async () => {
  const { database } = stage.db;
  const before = Date.now() - 1_000;
  for (const format of ['-Fc', '-Fd']) {
    const header = await readHeader(await stage.dump(`header${format}`, format));
    expect(header).toMatchObject({ database, dump: true });
    expect(header.serverVersion).toBe(header.dumpVersion);
    expect(header.createdAt?.getTime()).toBeGreaterThan(before - 1_000);
    expect(header.createdAt?.getTime()).toBeLessThanOrEqual(Date.now());
  }
  const text = await readHeader(await stage.dump('header.sql', '--create', '-v', '-s'));
  expect(text).toMatchObject({
    kind: 'sql',
    database,
    dump: true,
    dumpVersion: expect.stringMatching(/^\d+\.\d+$/),
  });
  expect(text.createdAt?.getTime()).toBeGreaterThan(before - 1_000);
});

test.each([
  ['\\connect shop\n', 'shop'],
  ['\\connect "My Shop"\n', 'My Shop'],
  [`\\connect -reuse-previous=on "dbname='a=\\'b\\\\c'"\n`, "a='b\\c"],
])('the database of %j', async (line, database) => {
  expect(await readHeader(file('connect', `-- PostgreSQL database dump\n${line}`))).toMatchObject({
    database,
  });
});

test('what is no archive is refused, with the reason', async () => {
  mkdirSync(join(home, 'folder'));
  const dump = Buffer.from('PGDMP\u0001\u000e');
  const refusals: [string, RegExp][] = [
    [await stage.dump('t', '-Ft'), /is a tar archive/],
    [file('empty', ''), /is empty/],
    [join(home, 'missing'), /it does not exist/],
    [join(home, 'folder'), /no toc\.dat/],
    [file('jpeg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])), /no backup that pgdeck knows/],
    [file('log', '2026-11-20 LOG: started'), /no backup that pgdeck knows/],
    [file('x.sql.gz', gzipSync(Buffer.from([0, 1, 2, 3]))), /no backup that pgdeck knows/],
    [file('x.dump.gz', gzipSync(dump)), /archive of pg_restore inside gzip/],
    [file('x.dump.zst', zstdCompressSync(dump)), /archive of pg_restore inside zstd/],
    [file('bad.gz', Buffer.from([0x1f, 0x8b, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8])), /is damaged/],
  ];
  for (const [path, reason] of refusals) expect(await refused(detectArchive(path)), path).toMatch(reason);
});
