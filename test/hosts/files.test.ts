import {
  mkdirSync,
  readFileSync,
  realpathSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { local, run } from '../../src/hosts/local.ts';
import { temporaryDirectory } from '../support/program.ts';

const { files } = local;
const directory = realpathSync(temporaryDirectory());
const at = (name: string) => join(directory, name);

test('a file is read whole, and not above the limit', async () => {
  writeFileSync(at('text'), 'twelve bytes');
  expect(String(await files.read(at('text')))).toBe('twelve bytes');
  expect(await files.read(at('text'), 12)).toHaveLength(12);
  await expect(files.read(at('text'), 11)).rejects.toMatchObject({ code: 'EFBIG' });
  await expect(files.read(at('nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(String(await files.readAt(at('text'), 7, 100))).toBe('bytes');
  expect(await files.readAt(at('text'), 100, 5)).toHaveLength(0);
  await expect(files.read(directory)).rejects.toMatchObject({ code: 'EISDIR' });
});

test.skipIf(process.platform === 'win32')('a pipe that nobody writes to keeps nobody waiting', async () => {
  await run('mkfifo', [at('pipe')]);
  expect(await files.facts(at('pipe'))).toMatchObject({ kind: 'other' });
  expect(await files.read(at('pipe'))).toHaveLength(0);
});

test('what is in a directory, links as such; what is known of a file, links followed', async () => {
  const inside = at('inside');
  mkdirSync(inside);
  writeFileSync(join(inside, 'one'), '1');
  symlinkSync(inside, join(inside, 'round'));
  mkdirSync(join(inside, 'below'));
  const entries = await files.list(inside);
  expect(entries.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: 'below', kind: 'directory' },
    { name: 'one', kind: 'file' },
    { name: 'round', kind: 'link' },
  ]);
  const { dev, ino, mtimeMs } = statSync(join(inside, 'one'));
  expect(await files.facts(join(inside, 'one'))).toEqual({
    kind: 'file',
    size: 1,
    modified: mtimeMs,
    device: dev,
    inode: ino,
  });
  expect(await files.facts(join(inside, 'round'))).toMatchObject({ kind: 'directory' });
  expect(await files.real(join(inside, 'round', 'one'))).toBe(join(inside, 'one'));
  await expect(files.list(at('nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a file is made where there is none, and removed where there is one', async () => {
  await files.makeDirectory(at('new/below'), 0o700);
  expect(statSync(at('new/below')).mode & 0o777).toBe(0o700);
  await files.makeDirectory(at('new/below'));
  await files.create(at('new/file'), 'mine');
  await expect(files.create(at('new/file'), 'other')).rejects.toMatchObject({ code: 'EEXIST' });
  expect(readFileSync(at('new/file'), 'utf8')).toBe('mine');
  expect(await files.exists(at('new/file'))).toBe(true);
  await files.remove(at('new/file'));
  await files.remove(at('new/file'));
  expect(await files.exists(at('new/file'))).toBe(false);
});

test('a program is a file that may be run', async () => {
  expect(await files.isProgram(process.execPath)).toBe(true);
  writeFileSync(at('plain'), '#!/bin/sh\n', { mode: 0o644 });
  expect(await files.isProgram(at('plain'))).toBe(false);
  expect(await files.isProgram(directory)).toBe(false);
  expect(await files.isProgram(at('nothing'))).toBe(false);
});

test('what is free is known where the file system has a size', async () => {
  const { bavail, bsize } = statfsSync(directory);
  expect(await files.free(directory)).toBeGreaterThan((bavail * bsize) / 2);
  const { free = 0, total = 0 } = (await files.space(directory)) ?? {};
  expect(total).toBeGreaterThan(free);
  expect(await files.free(at('nothing'))).toBeUndefined();
  if (process.platform === 'linux') expect(await files.free('/proc')).toBeUndefined();
});

test('programs are looked for where the caller says, else where this process does', async () => {
  expect(local.searchPath({ PATH: '/a::/b' })).toEqual(['/a', '/b']);
  vi.stubEnv('PATH', '/c');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(local.searchPath({})).toEqual(['/c']);
  expect(local.environment.PATH).toBe('/c');
  expect(files.resolve('x')).toBe(join(process.cwd(), 'x'));
  expect(await local.pgdeck()).toEqual([process.execPath, realpathSync(process.argv[1] ?? '')]);
});
