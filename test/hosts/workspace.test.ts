import { existsSync, mkdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { sweep, withWorkspace } from '../../src/hosts/workspace.ts';
import { temporaryDirectory } from '../support/program.ts';

const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];

test('what killed processes have left is removed; what others have is not', async () => {
  const base = temporaryDirectory();
  // no process has an id that large
  const dead = `x-99999999-${namespace}-abcdef`;
  const others = [
    `x-${process.pid}-${namespace}-abcdef`,
    // of a container that shares the directory, and of an older version
    'x-99999999-1-abcdef',
    'x-99999999-abcdef',
    'y-99999999-1-abcdef',
  ];
  for (const name of [dead, ...others]) mkdirSync(join(base, name));
  await sweep('x-', base);
  expect(existsSync(join(base, dead))).toBe(false);
  for (const name of others) expect(existsSync(join(base, name)), name).toBe(true);
});

test('a workspace says whose it is, and goes after the work', async () => {
  const at = await withWorkspace(async (workspace) => {
    const path = await workspace.write('a', 'b');
    expect(basename(dirname(path))).toMatch(new RegExp(`^pgdeck-work-${process.pid}-${namespace}-`));
    return dirname(path);
  });
  expect(existsSync(at)).toBe(false);
});
