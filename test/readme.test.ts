import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { madeAnew, README, SECTIONS } from './support/readme.ts';

const text = readFileSync(README, 'utf8');
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

test('its tables are those of the program (PGDECK_WRITE_README=1 npx vitest run test/readme.test.ts writes them)', async () => {
  if (process.env.PGDECK_WRITE_README) writeFileSync(README, await madeAnew());
  for (const name of Object.keys(SECTIONS)) expect(text).toContain(`<!-- ${name} -->`);
  expect(readFileSync(README, 'utf8')).toBe(await madeAnew());
});

test('its pictures and files exist', () => {
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((m) => m[1] ?? '');
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((link) => !existsSync(join(dirname(README), link)))).toEqual([]);
});

test('every dependency is named with what it is for', () => {
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});
