import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { openRemote, type RemoteHost } from '../../../src/hosts/remote/remote.ts';
import { SHELLS, type WayHere, wayHere } from '../../support/ways/here.ts';

const NAMES = ['plain', 'two words', '-dash', `it's "x"`, 'a\nb', '*', '$HOME', '.hidden', 'ü', '\\'];

describe.each(SHELLS)('files by way of %s', (shell) => {
  let way: WayHere;
  let host: RemoteHost;
  let directory: string;
  const at = (name: string) => join(directory, name);
  beforeAll(async () => {
    way = await wayHere(shell);
    host = await openRemote(way);
    directory = await mkdtemp(join(tmpdir(), 'pgdeck-files-'));
    for (const name of NAMES) await writeFile(at(name), `of ${name}`);
    await symlink('plain', at('link'));
    execFileSync('mkfifo', [at('pipe')]);
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
    await way.remove();
  });

  test('are told as this machine tells them', async () => {
    const sorted = (list: readonly { name: string }[]) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect(sorted(await host.files.list(directory))).toEqual(sorted(await local.files.list(directory)));
    for (const name of [...NAMES, 'link', '.']) {
      const { modified, ...facts } = await local.files.facts(at(name));
      const there = await host.files.facts(at(name));
      expect(there).toMatchObject(facts);
      expect(Math.abs(there.modified - modified)).toBeLessThan(1_000);
    }
    expect(await host.files.real(at('link'))).toBe(await local.files.real(at('link')));
    expect(await host.files.real(at('a\nb'))).toBe(at('a\nb'));
    expect([await host.files.exists(at('link')), await host.files.exists(at('none'))]).toEqual([true, false]);
    expect([await host.files.isProgram('/bin/sh'), await host.files.isProgram(at('plain'))]).toEqual([
      true,
      false,
    ]);
    const [here, there] = [await local.files.space(directory), await host.files.space(directory)];
    expect(there?.total).toBeGreaterThan((here?.total ?? 0) * 0.99);
    expect(await host.files.space('/proc')).toBeUndefined();
    expect(await host.files.free(at('none'))).toBeUndefined();
  });

  test('are read, in parts too', async () => {
    for (const name of NAMES) expect((await host.files.read(at(name))).toString()).toBe(`of ${name}`);
    await writeFile(at('long'), Buffer.alloc(10_000, 'abc'));
    expect((await host.files.readAt(at('long'), 4_095, 4)).toString()).toBe('abca');
    expect((await host.files.readAt(at('long'), 9_998, 10)).toString()).toBe('ca');
    expect(await host.files.readAt(at('long'), 20_000, 10)).toHaveLength(0);
    expect(await host.files.read(at('pipe'))).toHaveLength(0);
  });

  test('are made and removed', async () => {
    await host.files.create(at('new\none'), 'text');
    expect(await readFile(at('new\none'), 'utf8')).toBe('text');
    await host.files.remove(at('new\none'));
    await host.files.remove(at('new\none'));
    expect(await host.files.exists(at('new\none'))).toBe(false);
    await host.files.makeDirectory(at('deep/er'), 0o700);
    await host.files.makeDirectory(at('deep/er'), 0o700);
    expect((await stat(at('deep/er'))).mode & 0o777).toBe(0o700);
  });

  test.each<[string, string, (host: RemoteHost) => Promise<unknown>]>([
    ['ENOENT', 'facts', ({ files }) => files.facts('/nothing')],
    ['ENOENT', 'read', ({ files }) => files.read('/nothing')],
    ['ENOENT', 'readAt', ({ files }) => files.readAt('/nothing', 0, 1)],
    ['ENOENT', 'list', ({ files }) => files.list('/nothing')],
    ['ENOENT', 'create', ({ files }) => files.create('/nothing/x', '')],
    ['ENOENT', 'real', ({ files }) => files.real('/nothing')],
    ['ENOTDIR', 'list', ({ files }) => files.list('/etc/passwd')],
    ['ENOTDIR', 'makeDirectory', ({ files }) => files.makeDirectory('/etc/passwd/x')],
    ['EISDIR', 'read', ({ files }) => files.read('/etc')],
    ['EEXIST', 'create', ({ files }) => files.create('/etc/passwd', '')],
    ['EFBIG', 'read', ({ files }) => files.read('/etc/passwd', 3)],
  ])('%s of %s', async (code, _, ask) => {
    await expect(ask(host)).rejects.toMatchObject({ code });
  });
});
