import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RowsAbout } from '../../../../src/ops/archive/rows/manifest.ts';
import { readManifest } from '../../../../src/ops/archive/rows/manifest.ts';
import { finishRows, partRows, verifiedRows } from '../../../../src/ops/archive/rows/reader.ts';
import { RowsWriter } from '../../../../src/ops/archive/rows/writer.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const now = new Date('2026-01-02T03:04:05Z');
const about: RowsAbout = {
  what: 'deleted',
  table: { schema: 'public', name: 't' },
  columns: [{ name: 'id', type: 'integer', generated: false }],
  searchPath: 'public',
  reason: 'a key',
  run: 'r',
  server: 'ann@localhost:5432/shop',
  serverVersion: '18.4',
};

let made = 0;
const begin = () => RowsWriter.begin(join(home, 'archives', String(++made)), about, now);
const filling = (text: string) => async (take: (chunk: Buffer) => Promise<void>) => {
  await take(Buffer.from(text));
  return text.split('\n').length - 1;
};

async function textOf(directory: string): Promise<string[]> {
  const { parts } = await verifiedRows(directory);
  const texts: string[] = [];
  for (const part of parts) {
    let text = '';
    for await (const chunk of partRows(directory, part)) text += chunk.toString();
    texts.push(text);
  }
  return texts;
}

test('parts that are kept are read back; the name of one that is not is used again', async () => {
  const writer = await begin();
  (await writer.part('public.t', filling('"1"\n"2"\n'))).keep();
  await (await writer.part('public.t', filling('"not"\n'))).drop();
  (await writer.part('public.t', filling('"3"\n'))).keep();
  await expect(verifiedRows(writer.directory)).rejects.toThrow(/it was never finished/);
  await writer.end(now);
  expect(readdirSync(writer.directory).sort()).toEqual(['000001.csv.gz', '000002.csv.gz', 'manifest.json']);
  expect(await textOf(writer.directory)).toEqual(['"1"\n"2"\n', '"3"\n']);
  expect(await readManifest(writer.directory)).toMatchObject({ formatVersion: 1, rows: 3 });
  expect(statSync(writer.directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(writer.directory, '000001.csv.gz')).mode & 0o777).toBe(0o600);
});

test('what fills a part fails: nothing is left of it', async () => {
  const writer = await begin();
  const why = new Error('the server');
  await expect(
    writer.part('public.t', async (take) => {
      await take(Buffer.alloc(1_000_000, 'x'));
      throw why;
    }),
  ).rejects.toBe(why);
  expect(readdirSync(writer.directory)).toEqual(['manifest.json']);
  await writer.discard();
  await expect(readManifest(writer.directory)).rejects.toThrow(/it does not exist/);
});

test('an archive whose writer was killed is finished with what was committed', async () => {
  const writer = await begin();
  const one = await writer.part('public.t', filling('"1"\n'));
  one.keep();
  await writer.part('public.t', filling('"2"\n'));
  const { keep: _, drop: __, ...part } = one;
  await finishRows(writer.directory, [part], now);
  expect(readdirSync(writer.directory).sort()).toEqual(['000001.csv.gz', 'manifest.json']);
  expect(await textOf(writer.directory)).toEqual(['"1"\n']);
});

test('a manifest that is not to be believed: of a later format, with another path, of other checksums', async () => {
  const writer = await begin();
  (await writer.part('public.t', filling('"1"\n'))).keep();
  await writer.end(now);
  const path = join(writer.directory, 'manifest.json');
  const text = readFileSync(path, 'utf8');
  const with_ = async (changed: string) => {
    expect(changed).not.toBe(text);
    writeFileSync(path, changed);
    return verifiedRows(writer.directory);
  };
  await expect(with_(text.replace('"formatVersion": 1', '"formatVersion": 2'))).rejects.toThrow(
    /has format 2/,
  );
  await expect(with_(text.replace('000001.csv.gz', '../../x.csv.gz'))).rejects.toThrow(/parts\.0\.file/);
  await expect(with_(text.replace(/"sha256": "[0-9a-f]{4}/g, '"sha256": "0000'))).rejects.toThrow(
    /checksum differs/,
  );
  await expect(with_('null')).rejects.toThrow(/is no manifest/);
});

test('a directory that is there already is not written into', async () => {
  const { directory } = await begin();
  await expect(RowsWriter.begin(directory, about, now)).rejects.toThrow(
    /there is something of that name already/,
  );
});
