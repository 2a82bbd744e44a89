import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ADAPTER_IDS, loadAdapter, loadAdapters } from '../../../../src/ops/migrate/adapters/registry.ts';
import { MIGRATION_FORMATS } from '../../../../src/ops/migrate/formats/registry.ts';

/** Folders with a file of their name: each is one of the kind. */
const foldersOf = (kind: string): string[] => {
  const path = fileURLToPath(new URL(`../../../../src/ops/migrate/${kind}`, import.meta.url));
  return readdirSync(path).filter((name) => existsSync(join(path, name, `${name}.ts`)));
};

test('each folder is in the list, under its name', async () => {
  expect((await loadAdapters()).map(({ id }) => id)).toEqual(ADAPTER_IDS);
  expect([...ADAPTER_IDS].sort()).toEqual(foldersOf('adapters'));
  expect((await loadAdapter('dbmate'))?.title).toBe('dbmate');
  expect(await loadAdapter('toString')).toBeUndefined();
  expect([...MIGRATION_FORMATS].sort()).toEqual(foldersOf('formats'));
});

test('what an adapter can is what it does', async () => {
  for (const { id, can, create } of await loadAdapters())
    expect([id, can.create]).toEqual([id, create !== undefined]);
});
