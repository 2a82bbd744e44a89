import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { OPERATIONS } from '../../../src/ops/registry.ts';
import { type Reference, readReference } from '../../../src/package/reference/commands.ts';
import { htmlPage } from '../../../src/package/reference/html.ts';
import { manPage } from '../../../src/package/reference/man.ts';
import { temporaryDirectory } from '../../support/program.ts';

let reference: Reference;
beforeAll(async () => {
  reference = await readReference();
});

test('every operation and every command is in it, with what it takes', () => {
  const names = reference.commands.map(({ name }) => name);
  expect(OPERATIONS.map(({ id }) => `pgdeck ${id}`).filter((name) => !names.includes(name))).toEqual([]);
  for (const name of ['pgdeck show', 'pgdeck report', 'pgdeck profile add', 'pgdeck completion'])
    expect(names).toContain(name);
  expect(names.filter((name) => / (complete|help)$/.test(name))).toEqual([]);
  const restore = reference.commands.find(({ name }) => name === 'pgdeck restore');
  expect(restore?.terms.map(({ term }) => term)).toContain('--in-place');
});

test.skipIf(spawnSync('man', ['--version']).status !== 0)('man reads the page without a warning', () => {
  const file = join(temporaryDirectory(), 'pgdeck.1');
  writeFileSync(file, manPage(reference, new Date()));
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', file], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, MANPAGER: 'cat', MANWIDTH: '80', LC_ALL: 'C.UTF-8' },
  });
  expect(stderr).toBe('');
  // a character that begins a line, or a backslash, is of roff's own
  const read = stdout.replace(/.\u0008/gs, '');
  expect(read).toContain('pgdeck restore [options] <backup>');
});

test('the page in HTML asks for nothing, and every entry of its contents is there', () => {
  const html = htmlPage(reference);
  expect(html).not.toMatch(/<script|<img|https?:\/\/(?!user@host)|url\(/);
  for (const [, anchor] of html.matchAll(/href="#([^"]+)"/g)) expect(html).toContain(`id="${anchor}"`);
});
