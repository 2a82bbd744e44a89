import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { privateSocket } from '../../../src/hosts/ssh/private.ts';
import { temporaryDirectory } from '../../support/program.ts';

const MODULE = join(import.meta.dirname, '../../../src/hosts/ssh/private.ts');

test('sockets have names of their own in a directory that is nobody else\u2019s', () => {
  const [first, second] = [privateSocket(), privateSocket()];
  expect(first).not.toBe(second);
  expect(dirname(first)).toBe(dirname(second));
  expect(statSync(dirname(first)).mode & 0o777).toBe(0o700);
});

/** Where a process of its own has its sockets, and whether the directory is gone with it. */
function inProcess(tmp: string): { path: string; left: boolean } {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['-e', 'import(process.argv[1]).then(({ privateSocket }) => console.log(privateSocket()))', MODULE],
    { encoding: 'utf8', env: { ...process.env, TMPDIR: tmp } },
  );
  const path = stdout.trim();
  expect(path, stderr).not.toBe('');
  return { path, left: existsSync(dirname(path)) };
}

test('they go with the process that has them', () => {
  const tmp = temporaryDirectory();
  const { path, left } = inProcess(tmp);
  expect(path.startsWith(tmp)).toBe(true);
  expect(left).toBe(false);
});

test('where the path would be too long for a socket they are in /tmp', () => {
  const { path } = inProcess(join(temporaryDirectory(), 'x'.repeat(80)));
  expect(path).toMatch(/^\/tmp\/pgdeck-ssh-/);
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(104 - 17);
});
