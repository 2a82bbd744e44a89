import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { openRemote } from '../../../src/hosts/remote/remote.ts';
import { textsOf } from '../../../src/ops/files/texts.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { SHELLS, wayHere } from '../../support/ways/here.ts';

const directory = temporaryDirectory();
const path = (name: string) => join(directory, name);
const ways = await Promise.all(SHELLS.map((shell) => wayHere(shell)));
afterAll(() => Promise.all(ways.map((way) => way.remove())));
const hosts = [local, ...(await Promise.all(ways.map((way) => openRemote(way))))];

const TEXTS: Readonly<Record<string, string>> = {
  plain: 'one\ntwo\n',
  empty: '',
  "it's a name\twith $(all)": 'y',
  'no line end': 'Größe',
};

test('texts come as they are, in their order, and what cannot be read is undefined', async () => {
  for (const [name, text] of Object.entries(TEXTS)) writeFileSync(path(name), text);
  mkdirSync(path('directory'));
  const asked = ['nowhere', ...Object.keys(TEXTS), 'directory', 'plain'];
  const told = [undefined, ...Object.values(TEXTS), undefined, TEXTS.plain];
  for (const host of hosts) expect(await textsOf(host, asked.map(path)), host.label).toEqual(told);
});

test('nobody is asked for none, and of a long text only what one of /proc may have is read there', async () => {
  writeFileSync(path('long'), 'x'.repeat(100_000));
  chmodSync(path('long'), 0o600);
  for (const host of hosts.slice(1)) {
    expect(await textsOf({ ...host, run: () => Promise.reject(new Error('asked')) }, [])).toEqual([]);
    const [text] = await textsOf(host, [path('long')]);
    expect(text).toHaveLength(65_536);
  }
});

test('many are asked for with one command', async () => {
  const [, host] = hosts;
  if (host === undefined) return;
  let commands = 0;
  const counting = {
    ...host,
    run: (...words: Parameters<typeof host.run>) => {
      commands += 1;
      return host.run(...words);
    },
  };
  await textsOf(counting, ['/proc/meminfo', '/proc/self/stat', '/proc/version']);
  expect(commands).toBe(1);
});
