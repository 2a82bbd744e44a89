import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../../../src/hosts/host.ts';
import { local } from '../../../src/hosts/local.ts';
import { openRemote } from '../../../src/hosts/remote/remote.ts';
import { bytesOf, fetchArchive, hasRoom, withArchive, withOutline } from '../../../src/ops/archive/staged.ts';
import type { Progress } from '../../../src/ops/engine/plan.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { SHELLS, type Shell, type WayHere, wayHere } from '../../support/ways/here.ts';
import { clients, type DumpStage, dumpStage, program } from './stage.ts';

/** What is in a directory, by name. */
const contents = (directory: string) =>
  Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [name, readFileSync(join(directory, name)).toString('latin1')]),
  );

describe.each(SHELLS)('an archive and a host with %s', (shell: Shell) => {
  const directory = temporaryDirectory();
  const file = join(directory, 'file');
  const parts = join(directory, 'parts');
  let way: WayHere;
  let host: Host;
  beforeAll(async () => {
    way = await wayHere(shell);
    host = await openRemote(way);
    writeFileSync(file, Buffer.alloc(200_001, 'a\n\0'));
    mkdirSync(parts);
    for (const [name, size] of Object.entries({
      empty: 0,
      "it's one": 1,
      'a b': 70_000,
      large: (1 << 20) + 1,
    }))
      writeFileSync(join(parts, name), Buffer.alloc(size, `${name}\n`));
  });
  afterAll(() => way.remove());

  test('a file is copied there for the time of the work', async () => {
    const told: Progress[] = [];
    let copy = '';
    await withArchive(
      host,
      { kind: 'custom', path: file },
      { progress: (one) => told.push(one) },
      async (path) => {
        copy = path;
        expect(path).not.toBe(file);
        expect(readFileSync(path).equals(readFileSync(file))).toBe(true);
      },
    );
    expect(existsSync(copy)).toBe(false);
    expect(told.at(-1)).toEqual({
      label: 'copied to the other place',
      done: 200_001,
      of: 200_001,
      unit: 'bytes',
    });
  });

  test('so is a directory, small files and large ones, and nothing else lies there', async () => {
    await withArchive(host, { kind: 'directory', path: parts }, {}, async (path) => {
      expect(contents(path)).toEqual(contents(parts));
      expect(statSync(path).mode & 0o777).toBe(0o700);
    });
  });

  test('what failed is thrown, and the copy is removed all the same', async () => {
    let copy = '';
    const work = withArchive(host, { kind: 'sql', path: file }, {}, async (path) => {
      copy = path;
      throw new Error('the work failed');
    });
    await expect(work).rejects.toThrow('the work failed');
    expect(existsSync(copy)).toBe(false);
  });

  test('nothing is copied that is there already, nor where there is no room for it', async () => {
    const there = '/somewhere/there';
    expect(await withArchive(host, { kind: 'sql', path: file, there }, {}, async (path) => path)).toBe(there);
    const full: Host = { ...host, files: { ...host.files, free: async () => 200_001 } };
    expect(await hasRoom(full, 200_001)).toBe(false);
    await expect(withArchive(full, { kind: 'sql', path: file }, {}, async () => 1)).rejects.toThrow(
      /the other place/,
    );
    const unknown: Host = { ...host, files: { ...host.files, free: async () => undefined } };
    expect(await hasRoom(unknown, 2 ** 60)).toBe(true);
  });

  test('what was written there is fetched: a file, and the files of a directory', async () => {
    const to = join(directory, 'fetched');
    mkdirSync(to);
    await fetchArchive(host, file, { kind: 'custom', path: join(to, 'file') }, {});
    expect(readFileSync(join(to, 'file')).equals(readFileSync(file))).toBe(true);
    await fetchArchive(host, parts, { kind: 'directory', path: join(to, 'parts') }, {});
    expect(contents(join(to, 'parts'))).toEqual(contents(parts));
    expect(statSync(join(to, 'parts', 'a b')).mode & 0o777).toBe(0o600);
  });

  test('small files that come cut are not taken', async () => {
    const cut: Host = {
      ...host,
      run: (command, args, options) =>
        command === 'cat'
          ? host.run('head', ['-c', '10', ...args.slice(0, 2)], options)
          : host.run(command, args, options),
    };
    const path = join(directory, 'cut');
    await expect(fetchArchive(cut, parts, { kind: 'directory', path }, {})).rejects.toThrow(
      /the other place/,
    );
  });
});

test('on this machine an archive is where it is', async () => {
  const archive = { kind: 'custom', path: '/nowhere/archive' } as const;
  expect(await withArchive(local, archive, {}, async (path) => path)).toBe(archive.path);
  expect(await withOutline(clients, archive, async (path) => path)).toBe(archive.path);
  await expect(bytesOf(archive)).rejects.toThrow('/nowhere/archive');
});

describe('the table of contents of a real dump', () => {
  const directory = temporaryDirectory();
  let stage: DumpStage;
  let way: WayHere;
  let host: Host;
  beforeAll(async () => {
    stage = await dumpStage(directory);
    way = await wayHere(SHELLS[0] ?? 'dash');
    host = await openRemote(way);
  });
  afterAll(async () => {
    await way.remove();
    await stage.db.drop();
  });

  test.each(['custom', 'directory'] as const)('is read there without the rest: %s', async (kind) => {
    const path = await stage.dump(kind, `--format=${kind}`, '--compress=0');
    if (kind === 'custom') {
      // more than is tried first
      const rest = Buffer.alloc(3 << 20);
      writeFileSync(path, Buffer.concat([readFileSync(path), rest]));
    }
    const reader = { ...clients, host };
    const [outline, copied] = await withOutline(reader, { kind, path }, async (there) => [
      await program('pg_restore', ['-l', there]),
      kind === 'custom' ? statSync(there).size : readdirSync(there).length,
    ]);
    expect(outline).toBe(await program('pg_restore', ['-l', path]));
    expect(copied).toBe(kind === 'custom' ? 1 << 20 : 1);
  });
});
