import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journal } from '../../src/ops/engine/journal/journal.ts';
import { journalDirectory } from '../../src/ops/engine/journal/runs.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/program.ts';
import { openConsole } from './console.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const open = (settings: string, env: Record<string, string> = {}) => {
  const file = join(temporaryDirectory(), 'config.json');
  writeFileSync(file, settings);
  return { file, console: openConsole(db.target(), { args: ['--config', file], cols: 200, env }) };
};

test('keys of the settings hold, in the footer too; those that they take the place of mean nothing', async () => {
  const pty = await open('{"keys": {"find.filter": "f", "screen.tables": ["4", "T"]}}').console;
  pty.press('T');
  const tables = await pty.waitFor(/Table sizes {2}\d+ listed|has no tables/);
  expect(tables.at(-1)).toContain('f filter');
  pty.press('/');
  pty.press('f');
  pty.type('size>1');
  await pty.waitFor(/^ \/ size>1\s*$/m);
  const wrong = await pty.waitFor(/^ character 6: size is a size such as 10MB, and 1 is none\s*$/m);
  expect(wrong.at(-2)).toMatch(/^ \/ size>1\s*$/);
  pty.press('esc');
});

test('what rows say of a key is the one that holds', async () => {
  const state = temporaryDirectory();
  const journal = Journal.begin(journalDirectory({ XDG_STATE_HOME: state }, ''), {
    ...{ operation: 'vacuum', subject: 'VACUUM everything', server: 'app@db:5432/shop', steps: [] },
  });
  journal.end('done', 'pgdeck undo 1');
  const { console } = open('{"keys": {"runs.undo": "U"}}', { XDG_STATE_HOME: state });
  const pty = await console;
  pty.press('8');
  await pty.waitFor(/VACUUM everything[\s\S]* U undo/);
});

test('with what is wrong in them the console has its own, and says where that stands', async () => {
  const { file, console } = open('{\n  "keys": {\n    "find.filter": "p",\n    "time.now": "^S"\n  }\n}\n');
  const pty = await console;
  const shown = await pty.waitFor('The usual keys hold.');
  expect(shown.at(-1)).toMatch(
    /^ config\.json:4:5: time\.now: \^S is no key that can be had: it is kept by terminals/,
  );
  pty.press('L');
  await pty.waitFor(new RegExp(`^  \\S+  ${file}:4:5: field "keys.time.now": `, 'm'));
  pty.press('enter');
  pty.press('2');
  await pty.waitFor(/^. Activity/m);
  pty.press('/');
  await pty.waitFor(/^ \/$/m);
});
