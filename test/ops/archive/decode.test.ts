import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { decodeArchive } from '../../../src/ops/archive/decode.ts';
import { readToc } from '../../../src/ops/archive/toc.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { clients, type DumpStage, decode, dumpStage, program, refused } from './stage.ts';

const home = temporaryDirectory();
let stage: DumpStage;
/** By schema and name. */
let expected: Map<string, number>;

beforeAll(async () => {
  stage = await dumpStage(home);
  expected = new Map(stage.counts);
  // materialized views are made anew from their query
  expected.delete('app.sales');
});
afterAll(() => stage.db.drop());

const countsIn = (tables: readonly { schema: string; name: string; rows: number | null }[]) =>
  new Map(tables.map(({ schema, name, rows }) => [`${schema}.${name}`, rows]));

describe('every row of every table is counted', () => {
  test.each([
    ['custom', ['-Fc', '-Z1']],
    ['custom, not compressed', ['-Fc', '-Z0']],
    ['directory', ['-Fd', '-Z1', '-j2']],
    ['directory, not compressed', ['-Fd', '-Z0']],
    ['sql', ['-Fp']],
    ['sql with its database', ['-Fp', '--create']],
    ['data alone', ['-Fc', '--data-only']],
    ['data alone with triggers off', ['-Fp', '--data-only', '--disable-triggers']],
  ])('%s', async (name, args) => {
    const { tables, largeObjects } = await decode(await stage.dump(name.replaceAll(/\W/g, '_'), ...args));
    expect(countsIn(tables)).toEqual(expected);
    expect(largeObjects).toBe(12);
  });

  test('gzip and zstd', async () => {
    const sql = readFileSync(await stage.dump('packed.sql'));
    writeFileSync(join(home, 'packed.sql.gz'), gzipSync(sql));
    writeFileSync(join(home, 'packed.sql.zst'), zstdCompressSync(sql));
    for (const name of ['packed.sql.gz', 'packed.sql.zst']) {
      const { tables, bytes } = await decode(join(home, name));
      expect(countsIn(tables), name).toEqual(expected);
      expect(bytes).toBe(sql.length);
    }
  });

  test('the bytes are those of the rows', async () => {
    const path = await stage.dump('bytes.dump', '-Fc');
    const { tables } = await decode(path);
    const text = await program('pg_restore', ['-f', '-', '-a', '-t', 'numbers', path]);
    const rows = text.split(' FROM stdin;\n')[1]?.split('\\.\n')[0] ?? '';
    expect(tables.find((table) => table.name === 'numbers')?.copyBytes).toBe(Buffer.byteLength(rows));
    expect(rows.length).toBeGreaterThan(1_000);
  });
});

test('rows that are INSERT statements are not counted, and no reason to refuse', async () => {
  for (const args of [['-Fp'], ['-Fc']]) {
    const { tables, largeObjects } = await decode(
      await stage.dump(`inserts${args[0]}`, '--inserts', ...args),
    );
    expect(new Set(countsIn(tables).keys())).toEqual(new Set(expected.keys()));
    expect(new Set(tables.map((table) => table.rows))).toEqual(new Set([null]));
    expect(largeObjects).toBe(12);
  }
});

test('definitions alone hold no data', async () => {
  for (const args of [['-Fp'], ['-Fc'], ['-Fd']])
    expect(await decode(await stage.dump(`schema${args[0]}`, '-s', ...args))).toMatchObject({
      tables: [],
      complete: true,
    });
});

test('a dump of all databases is whole only with the last of them', async () => {
  const path = join(home, 'cluster.sql');
  await program('pg_dumpall', ['-f', path, '--exclude-database=test_*', '--exclude-database=pgdeck_*']);
  await expect(decode(path)).resolves.toMatchObject({ complete: true });
  const text = readFileSync(path, 'utf8');
  const end = 'PostgreSQL database dump complete\n--\n\n';
  writeFileSync(path, text.slice(0, text.lastIndexOf(end) + end.length));
  expect(await refused(decode(path))).toMatch(/is cut off/);
});

test('what follows the last words of newer minors is allowed, and nothing else', async () => {
  const path = await stage.dump('words.sql', '-t', 'app.numbers');
  const whole = readFileSync(path, 'utf8').replace(/\s*(\\unrestrict \w+\s*)?$/, '');
  const withEnd = async (end: string) => {
    writeFileSync(path, whole + end);
    return refused(decode(path));
  };
  expect(await withEnd('\n\n\\unrestrict Yy0LkVpWb1\n\n')).toBeUndefined();
  expect(await withEnd('')).toBeUndefined();
  expect(await withEnd('\n\nSELECT 1;\n')).toMatch(/is cut off/);
});

test('the table of contents tells what is in an archive', async () => {
  const path = await stage.dump('toc.dump', '-Fc', '--create');
  const toc = await readToc(local, clients.path('pg_restore'), path);
  expect(toc).toMatchObject({ database: stage.db.database, format: 'CUSTOM' });
  expect(toc.serverVersion).toMatch(/^\d+/);
  expect(toc.dumpVersion).toMatch(/^\d+/);
  expect(toc.archiveVersion).toMatch(/^1\.\d+/);
  const data = toc.entries.filter((entry) => entry.type === 'TABLE DATA');
  expect(new Set(data.map(({ schema, name }) => `${schema}.${name}`))).toEqual(new Set(expected.keys()));
  expect(toc.entries.find((entry) => entry.type === 'FK CONSTRAINT')).toMatchObject({
    schema: 'app',
    tableOid: 2606,
  });
  expect(toc.entries.find((entry) => entry.type === 'EXTENSION')).toMatchObject({
    schema: null,
    name: expect.stringMatching(/^(citext|pg_trgm)$/),
  });
  // pg_restore takes the lines back
  writeFileSync(join(home, 'toc.list'), data.map((entry) => entry.line).join('\n'));
  const text = await program('pg_restore', ['-f', '-', '-L', join(home, 'toc.list'), path]);
  expect(text.match(/^COPY /gm)).toHaveLength(data.length);
});

describe('a pg_restore that does not come to an end', () => {
  const fake = { host: local, path: () => join(home, 'pg_restore') };
  beforeAll(() => {
    writeFileSync(fake.path(), '#!/bin/sh\n[ "$1" = -l ] && exit 0\necho begun\nexec sleep 600\n');
    chmodSync(fake.path(), 0o755);
  });

  test('is ended when nothing moves', async () => {
    const path = await stage.dump('stall.dump', '-Fc', '-s');
    const archive = { kind: 'custom', path } as const;
    expect(await refused(decodeArchive({ here: local, stallMs: 200 }, fake, archive))).toMatch(
      /stall\.dump is damaged: decoding it stands still/,
    );
  });

  test('is ended when somebody cancels', async () => {
    const path = await stage.dump('cancel.dump', '-Fc', '-s');
    const abort = new AbortController();
    const work = decodeArchive({ here: local, signal: abort.signal }, fake, { kind: 'custom', path }, () =>
      abort.abort(),
    );
    await expect(work).rejects.toMatchObject({ name: 'OpError', kind: 'cancelled' });
  });
});

test('reading SQL is cancelled too', async () => {
  const path = await stage.dump('cancel.sql');
  const abort = new AbortController();
  const work = decodeArchive({ here: local, signal: abort.signal }, undefined, { kind: 'sql', path }, () =>
    abort.abort(),
  );
  await expect(work).rejects.toMatchObject({ name: 'OpError', kind: 'cancelled' });
});
