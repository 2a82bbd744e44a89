import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { glance } from '../../src/hosts/glance.ts';
import type { Host, HostFiles } from '../../src/hosts/host.ts';
import { local } from '../../src/hosts/local.ts';
import { temporaryDirectory } from '../support/program.ts';

test('what was asked is answered as before, and what the directory does not have is not asked for', async () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'db'));
  writeFileSync(join(root, 'package.json'), '{}');
  const asked: string[] = [];
  const counting = Object.fromEntries(
    Object.entries(local.files).map(([name, ask]) => [
      name,
      (...args: [string]) => {
        asked.push(`${name} ${args[0].slice(root.length + 1)}`);
        return (ask as (...given: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as HostFiles;
  const { files } = glance({ ...local, kind: 'ssh', files: counting } as Host);
  const code = (work: Promise<unknown>) =>
    work.then(
      () => 'there',
      (error) => error.code,
    );

  expect(await files.exists(join(root, 'alembic.ini'))).toBe(false);
  expect(await code(files.read(join(root, 'none.toml')))).toBe('ENOENT');
  expect(await code(files.facts(join(root, 'nowhere/below')))).toBe('ENOENT');
  expect(String(await files.read(join(root, 'package.json')))).toBe('{}');
  expect(asked).toEqual(['list ', 'list nowhere', 'read package.json']);
  rmSync(join(root, 'package.json'));
  expect(String(await files.read(join(root, 'package.json')))).toBe('{}');
  expect(asked).toHaveLength(3);
});

test('this machine is looked at itself', () => {
  expect(glance(local)).toBe(local);
});
