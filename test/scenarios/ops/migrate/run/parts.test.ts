import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/client.ts';
import {
  blocks,
  contextIn,
  directoryOf,
  done,
  planned,
  statusOf,
  ways,
} from '../../../../ops/migrate/run/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let database: TestDatabase;
let admin: Session;

beforeAll(async () => {
  database = await testDatabase();
  admin = await client(database.target());
});
afterAll(() => database.drop());

const applied = async (context: ReturnType<typeof contextIn>, dir: string) => {
  const { items } = await statusOf(context, dir);
  return items.filter(({ state }) => state === 'applied').map(({ version }) => version);
};

test('a late one is rolled back alone, by the command that its run names; an empty one has a way back', async () => {
  const dir = directoryOf(home, 'late', {
    '1_first': ways('CREATE TABLE first (id int);', 'DROP TABLE first;'),
    '3_third': ways('-- a mark of a release'),
  });
  const context = contextIn(database, home);
  await done(context, 'up', { dir });
  directoryOf(home, 'late', {
    '2_late': ways('CREATE TABLE late (id int); INSERT INTO late VALUES (1), (2);', 'DROP TABLE late;'),
    '4_fourth': ways('SELECT 1;', 'SELECT 1;'),
  });
  const up = await done(context, 'up', { dir, acknowledge: ['out_of_order'] });
  expect(up.end.undo).toBe(`pgdeck migrate down --only 4 --only 2 --dir ${dir}`);
  const alone = { dir, only: ['2'] };
  // what is lost is told with its rows and not asked about
  const plan = await planned(context, 'down', alone);
  expect(blocks(plan)).toEqual([]);
  expect(plan.consequence).toBe('Drops late (2 rows).');
  expect(blocks(await planned(context, 'down', { ...alone, no_backup: true })).join()).toMatch(/^Backup: /);
  const down = await done(context, 'down', { dir, only: ['4', '2'] });
  expect(down.end, down.end.text).toMatchObject({ ok: true });
  expect(await applied(context, dir)).toEqual(['1', '3']);
  await expect(planned(context, 'down', alone)).rejects.toThrow('2 is not applied.');
  // nothing is the way back from nothing
  const empty = await done(context, 'down', { dir, steps: 1 });
  expect(empty.end, empty.end.text).toMatchObject({ ok: true });
  expect(await applied(context, dir)).toEqual(['1']);
  await admin.sql('DROP TABLE first, schema_migrations, pgdeck_migrations');
});

test.each(['DEALLOCATE ALL', 'DISCARD ALL'])(
  'a migration that says %s is followed by the next',
  async (sql) => {
    const dir = directoryOf(home, sql.slice(0, 7), {
      '1_a': ways(`SELECT 1; ${sql};`),
      '2_b': ways('SELECT 2;'),
    });
    const context = contextIn(database, home);
    const up = await done(context, 'up', { dir });
    expect(up.end, up.end.text).toMatchObject({ ok: true });
    expect(await applied(context, dir)).toEqual(['1', '2']);
    await admin.sql('DROP TABLE schema_migrations, pgdeck_migrations');
  },
);

test('a mistake in a file beyond the last one of a run does not refuse it', async () => {
  const dir = join(home, 'goose');
  mkdirSync(dir);
  const file = (name: string, text: string) => writeFileSync(join(dir, name), text);
  file('00001_a.sql', '-- +goose Up\nSELECT 1;');
  file('00002_b.sql', '-- +goose Up\nSELECT 1;');
  file('00010_broken.sql', '-- +goose Up\nSELEC 1;');
  file('00011_unmarked.sql', 'SELECT 1;');
  file('00012_program.go', 'package x');
  const context = contextIn(database, home);
  const up = await done(context, 'up', { dir, to: '1' });
  expect(up.end, up.end.text).toMatchObject({ ok: true });
  expect((await planned(context, 'up', { dir, steps: 1 })).title).toContain('migration 2');
  expect((await planned(context, 'up', { dir, to: '1' })).title).toBe('Everything up to 1 is applied');
  await expect(planned(context, 'up', { dir, steps: 2 })).rejects.toThrow(
    /00010_broken.sql:2:1: syntax error/,
  );
  await expect(planned(context, 'up', { dir, to: '11' })).rejects.toThrow(
    /^00010_broken.sql.*\n?.*00011_unmarked.sql: it has no mark|^00011_unmarked.sql: .*\n00010_broken/,
  );
  await expect(planned(context, 'up', { dir })).rejects.toThrow(/00012_program.go: it is a program/);
  // one that is in the way stops what comes after it
  file('00002_b.sql', '-- +goose Up\nSELEC 1;');
  rmSync(join(dir, '00010_broken.sql'));
  file('00003_c.sql', '-- +goose Up\nSELECT 1;');
  await expect(planned(context, 'up', { dir, to: '3' })).rejects.toThrow(/00002_b.sql:2:1: syntax error/);
  // goose takes one back that has no way down; here its name has to be said
  const down = await planned(context, 'down', { dir, steps: 1 });
  expect(blocks(down)).toEqual([expect.stringMatching(/^nothing_taken_back: 1: /)]);
  const back = await done(context, 'down', { dir, steps: 1, acknowledge: ['nothing_taken_back'] });
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await applied(context, dir)).toEqual([]);
  await admin.sql('DROP TABLE goose_db_version, pgdeck_migrations');
});

test("Flyway's repeatable ones come last and again when they change, and a baseline stands for what it replaces", async () => {
  const dir = join(home, 'flyway');
  mkdirSync(join(dir, 'views'), { recursive: true });
  const file = (name: string, text: string) => writeFileSync(join(dir, name), text);
  file('V1__a.sql', 'CREATE TABLE a (id int);');
  file('V2__b.sql', 'ALTER TABLE a ADD COLUMN b int;');
  file('B2__all.sql', 'CREATE TABLE a (id int, b int);');
  file('V3__c.sql', 'ALTER TABLE a ADD COLUMN c int;');
  file('U3__c.sql', 'ALTER TABLE a DROP COLUMN c;');
  file('views/R__v.sql', 'CREATE OR REPLACE VIEW v AS SELECT b FROM a;');
  const context = contextIn(database, home);
  const versions = async () => (await statusOf(context, dir)).items.map(({ version }) => version);
  expect(await versions()).toEqual(['B2', '3', 'R__v']);
  const up = await done(context, 'up', { dir });
  expect(up.end, up.end.text).toMatchObject({ ok: true });
  expect(await statusOf(context, dir)).toMatchObject({ current: '3', problems: [] });
  expect((await planned(context, 'up', { dir })).steps).toEqual([]);
  // the way down is of versions
  const down = await done(context, 'down', { dir, steps: 1 });
  expect(down.end, down.end.text).toMatchObject({ ok: true });
  expect(await applied(context, dir)).toEqual(['B2', 'R__v']);
  file('views/R__v.sql', 'CREATE OR REPLACE VIEW v AS SELECT b, 1 AS one FROM a;');
  file('V4__d.sql', 'SELECT 1;');
  // what is repeatable makes nothing late
  expect((await statusOf(context, dir)).items.map(({ version, state }) => [version, state])).toEqual([
    ['B2', 'applied'],
    ['3', 'pending'],
    ['4', 'pending'],
    ['R__v', 'pending'],
  ]);
  const again = await done(context, 'up', { dir });
  expect(again.end, again.end.text).toMatchObject({ ok: true });
  expect(await admin.sql('SELECT one FROM v')).toEqual([]);
  expect(await applied(context, dir)).toEqual(['B2', '3', '4', 'R__v']);
  await admin.sql('DROP TABLE a CASCADE; DROP TABLE pgdeck_migrations, flyway_schema_history');
});

test("Flyway's own table says what was repeated, and what a baseline covers", async () => {
  const dir = join(home, 'flyway-table');
  mkdirSync(dir);
  const { flywayChecksum } = await import('../../../../../src/ops/migrate/formats/flyway/reader.ts');
  for (const [name, text] of Object.entries({
    V1__a: 'SELECT 1',
    V3__c: 'SELECT 3',
    R__my_view: 'SELECT 4',
    R__new: '',
  }))
    writeFileSync(join(dir, `${name}.sql`), text);
  await admin.sql(`CREATE TABLE flyway_schema_history (installed_rank int, version text, description text, type text,
    script text, checksum int, installed_by text, installed_on timestamp DEFAULT now(), execution_time int, success boolean)`);
  const row = (rank: number, version: string | null, name: string, type: string, checksum: number | null) =>
    admin.sql('INSERT INTO flyway_schema_history VALUES ($1, $2, $3, $4, $3, $5, $6, now(), 1, true)', [
      rank,
      version,
      name,
      type,
      checksum,
      'ann',
    ]);
  await row(0, null, '<< Flyway Schema Creation >>', 'SCHEMA', null);
  await row(1, '2', '<< Flyway Baseline >>', 'BASELINE', null);
  await row(2, null, 'my view', 'SQL', 1);
  await row(3, null, 'my view', 'SQL', flywayChecksum('SELECT 4'));
  const context = contextIn(database, home);
  const states = async () =>
    (await statusOf(context, dir)).items.map(({ version, state }) => [version, state]);
  expect(await states()).toEqual([
    ['1', 'applied'],
    ['3', 'pending'],
    ['R__my_view', 'applied'],
    ['R__new', 'pending'],
  ]);
  writeFileSync(join(dir, 'R__my_view.sql'), 'SELECT 5');
  expect((await states())[2]).toEqual(['R__my_view', 'pending']);
  await admin.sql('DROP TABLE flyway_schema_history');
});

test('an older run that is undone says which ones are rolled back with it', async () => {
  const dir = directoryOf(home, 'older', {
    '1_base': ways('SELECT 1;', 'SELECT 1;'),
    '2_orders': ways('SELECT 1;', 'SELECT 1;'),
    '3_items': ways('SELECT 1;', 'SELECT 1;'),
  });
  const context = contextIn(database, home);
  await done(context, 'up', { dir, to: '1' });
  const older = await done(context, 'up', { dir, to: '2' });
  expect(older.end.undo).toBe(`pgdeck migrate down --to 1 --dir ${dir}`);
  const others = async (input: Record<string, unknown>) =>
    (await planned(context, 'down', { dir, ...input })).checks
      .filter(({ title }) => title === 'Others rolled back')
      .map(({ status, detail }) => `${status}: ${detail}`);
  expect(await others({ to: '1' })).toEqual([]);
  const newer = await done(context, 'up', { dir });
  expect(newer.end.undo).toBe(`pgdeck migrate down --to 2 --dir ${dir}`);
  const { run } = older.end;
  expect(await others({ to: '1' })).toEqual([
    `warn: 3 items: applied since ${run}, which applied 2. To roll back its own alone: --only 2.`,
  ]);
  expect(await others({ to: '2' })).toEqual([]);
  // what was never a run's is meant as it is said
  expect(await others({ steps: 2 })).toEqual([]);
  await done(context, 'down', { dir, only: ['2'] });
  expect(await others({ to: '1' })).toEqual([
    `warn: Not one of what ${run} applied is applied any more: this rolls back 3 items.`,
  ]);
});
