import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { OPERATIONS } from '../../../src/ops/registry.ts';
import { type Reference, readReference } from '../../../src/package/reference/commands.ts';
import { htmlPage } from '../../../src/package/reference/html.ts';
import { manPage } from '../../../src/package/reference/man.ts';
import { type Chapter, readManual } from '../../../src/package/reference/manual.ts';
import { type Block, plain } from '../../../src/package/reference/markdown.ts';
import { temporaryDirectory } from '../../support/program.ts';

let reference: Reference;
let chapters: readonly Chapter[];
beforeAll(async () => {
  [reference, chapters] = await Promise.all([readReference(), readManual()]);
});

test('every operation and every command is in it, with what it takes', () => {
  const names = reference.commands.map(({ name }) => name);
  expect(OPERATIONS.map(({ id }) => `pgdeck ${id}`).filter((name) => !names.includes(name))).toEqual([]);
  for (const name of ['pgdeck show', 'pgdeck report', 'pgdeck profile add', 'pgdeck completion'])
    expect(names).toContain(name);
  expect(names.filter((name) => / (complete|help)$/.test(name))).toEqual([]);
  const restore = reference.commands.find(({ name }) => name === 'pgdeck restore');
  expect(restore?.terms.map(({ term }) => term)).toContain('--in-place');
  expect(restore?.asks).toBe('the name, typed');
  expect(reference.commands.find(({ name }) => name === 'pgdeck backup')?.asks).toBeUndefined();
});

test.skipIf(spawnSync('man', ['--version']).status !== 0)('man reads the page without a warning', () => {
  const file = join(temporaryDirectory(), 'pgdeck.1');
  writeFileSync(file, manPage(reference, chapters, new Date()));
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', file], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, MANPAGER: 'cat', MANWIDTH: '80', LC_ALL: 'C.UTF-8' },
  });
  expect(stderr).toBe('');
  // a character that begins a line, or a backslash, is of roff's own
  const read = stdout.replace(/.\u0008/gs, '');
  expect(read).toContain('pgdeck restore [options] <backup>');
  const said = read.replaceAll(/\s+/g, ' ');
  for (const words of [
    'It asks for the name, typed.',
    '^C stops a run at any moment',
    // a table: what stands first, and the rest under their titles
    'Connections in use, of those not reserved; unit: %; normal: 80; alert: 90; critical: 98',
    '  "drill": { "every": "monthly" },',
  ])
    expect(said).toContain(words.replaceAll(/\s+/g, ' '));
});

test('nothing of a chapter is lost on the page, and no mark of Markdown is left', () => {
  const page = manPage(reference, chapters, new Date());
  const text = page
    .replaceAll(/\\f[BIR]|\\&/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(dq', '"')
    .replaceAll('\\e', '\\');
  const lines = chapters.flatMap(({ blocks }) => blocks.flatMap(wordsOf));
  expect(lines.length).toBeGreaterThan(800);
  expect(lines.filter((line) => !text.includes(line))).toEqual([]);
  expect(text).not.toMatch(/\]\(|^#+ |^```|<!--|&emsp;|(?<!\*)\*\*(?!\*)/m);
});

/** The lines of a block, as the page has them. */
function wordsOf(block: Block): string[] {
  if (block.kind === 'code') return [block.text.replaceAll('…', '...').replaceAll('→', '->')];
  const lines =
    block.kind === 'list' ? block.items : block.kind === 'table' ? block.rows.flat() : [block.line];
  const words = lines.map((line) => plain(line).replaceAll('…', '...').replaceAll('→', '->'));
  return block.kind === 'heading' && block.level === 1 ? words.map((line) => line.toUpperCase()) : words;
}

test('the page in HTML asks for nothing, and every entry of its contents is there', () => {
  const html = htmlPage(reference, chapters);
  expect(html).not.toMatch(/<script|<img|<link|<iframe|(?:src|href)="(?!#)|url\(|@import/);
  expect(html.match(/<table/g)?.length).toBeGreaterThan(15);
  for (const [, anchor] of html.matchAll(/href="#([^"]+)"/g)) expect(html).toContain(`id="${anchor}"`);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});
