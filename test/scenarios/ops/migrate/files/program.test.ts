import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { writeMigrations } from '../../../../support/fixtures/migrations.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
const env = cleanEnvironment(home);
const directory = join(home, 'm');
writeMigrations(directory, 'goose');

// tells every module that is loaded, on stderr
const hook = `data:text/javascript,${encodeURIComponent(
  'import{registerHooks}from"node:module";import{writeSync}from"node:fs";registerHooks({load(u,c,n){writeSync(2,"LOADED "+u+"\\n");return n(u,c)}})',
)}`;

test.each<[readonly string[], boolean]>([
  [['--help'], false],
  [['backup', '--plan', '-h', '/nowhere'], false],
  [['migrate', 'create', '--help'], false],
  [['migrate', 'create', 'x', '--plan', '--dir', join(home, 'none')], false],
  [['migrate', 'create', 'x', '--plan', '--dir', directory], true],
])('%j loads the parser: %j', async (args, expected) => {
  const { stderr } = await pgdeck(args, env, ['--import', hook]);
  expect(stderr).toMatch(/LOADED .*\/src\/cli\/program\.ts/);
  expect(/LOADED .*\/node_modules\/libpg-query\//.test(stderr)).toBe(expected);
});

test('what is published reads migrations from whatever directory it is run in', () => {
  const main = fileURLToPath(new URL('../../../../../dist/main.js', import.meta.url));
  execFileSync(process.execPath, [main, 'migrate', 'create', 'eleventh', '--dir', 'm'], {
    cwd: home,
    env,
    stdio: 'pipe',
  });
  expect(readdirSync(directory).at(-1)).toBe('00011_eleventh.sql');
});
