import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FORMATS } from '../src/ops/migrate/formats/registry.ts';
import { parse, slug } from '../src/package/reference/markdown.ts';
import { madeAnew, README, SECTIONS, TEXTS } from './support/readme.ts';

const text = readFileSync(README, 'utf8');
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

describe.each(TEXTS.map((file) => [basename(file), file]))('%s', (_name, file) => {
  test('its tables are those of the program (PGDECK_WRITE_README=1 npx vitest run test/readme.test.ts writes them)', async () => {
    if (process.env.PGDECK_WRITE_README) writeFileSync(file, await madeAnew(file));
    expect(readFileSync(file, 'utf8')).toBe(await madeAnew(file));
  });

  test('its pictures, its files and their headings exist', () => {
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(
      (m) => m[1] ?? '',
    );
    expect(links.filter((link) => !leads(link, file))).toEqual([]);
  });
});

function leads(link: string, from: string): boolean {
  const [path = '', heading] = link.split('#', 2);
  const file = path === '' ? from : join(dirname(from), path);
  if (heading === undefined || !existsSync(file)) return existsSync(file);
  return parse(readFileSync(file, 'utf8')).some(
    (one) => one.kind === 'heading' && slug(one.line) === heading,
  );
}

test('each picture is shown somewhere, and each that is shown was taken', () => {
  const shown = TEXTS.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\(\S*screenshots\/(\S+\.png)\)/g)].map(([, name]) => name),
  );
  const files = readdirSync(new URL('../screenshots', import.meta.url));
  expect([...new Set(shown)].toSorted()).toEqual(files.filter((name) => name.endsWith('.png')).toSorted());
});

test('each printed part is where it has to be, and a link that leads nowhere would be found', () => {
  const names = TEXTS.map((file) => basename(file));
  expect(
    Object.values(SECTIONS)
      .flatMap((one) => one.in)
      .filter((name) => !names.includes(name)),
  ).toEqual([]);
  expect(leads('src/package/manual/profiles.md#thresholds', README)).toBe(true);
  expect(leads('src/package/manual/profiles.md#no-such', README)).toBe(false);
  expect(leads('screenshots/no-such.png', README)).toBe(false);
});

test('the README leads to every chapter of the manual, and every file of it is a chapter', () => {
  const chapters = TEXTS.filter((file) => file !== README);
  const lacking = chapters.filter((file) => !text.includes(`(src/package/manual/${basename(file)})`));
  expect(lacking).toEqual([]);
  const files = readdirSync(new URL('../src/package/manual', import.meta.url));
  expect(files.toSorted()).toEqual(chapters.map((file) => basename(file)).toSorted());
});

test('the README is read in a few minutes, and shows one picture', () => {
  expect(text.split('\n').length).toBeLessThan(320);
  expect(text.match(/!\[/g)).toHaveLength(1);
});

test('npm installs the manual page: it takes a list of them only', () => {
  // npm 11: bin-links passes over a name alone
  expect(manifest.man).toEqual(['dist/pgdeck.1']);
  expect(manifest.files).toContain('dist');
});

test('every dependency is named with what it is for', () => {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test('it tells as many formats of migrations as there are', () => {
  expect(text).toContain(`of ${FORMATS.length} formats`);
});

test('every script that it tells is one', () => {
  const told = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
  expect(told.length).toBeGreaterThan(10);
  expect(told.filter((name) => !(name in manifest.scripts))).toEqual([]);
});
