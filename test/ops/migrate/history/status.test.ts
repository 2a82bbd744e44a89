import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { local } from '../../../../src/hosts/local.ts';
import type { MigrationFormat } from '../../../../src/ops/migrate/formats/registry.ts';
import type { Command } from '../../../../src/ops/migrate/history/rows.ts';
import { readAll, readStatus, type StatusOfFiles } from '../../../../src/ops/migrate/history/status.ts';
import type { Direction } from '../../../../src/ops/migrate/types.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { filesOf, versionOf, writeMigrations } from '../../../support/fixtures/migrations.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const AUTHOR = { run: 'r1' };
const host = local;
let database: TestDatabase;
let session: Session;

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
});
afterAll(() => database.drop());
beforeEach(async () => {
  await session.sql('DROP SCHEMA public CASCADE');
  await session.sql('CREATE SCHEMA public');
});

/** What is in a directory of these files, in this format. */
function directoryOf(format: MigrationFormat): string {
  const directory = join(temporaryDirectory(), 'migrations');
  writeMigrations(directory, format);
  return directory;
}

async function write(commands: readonly Command[]): Promise<void> {
  for (const { text, params } of commands) await session.sql(text, [...params]);
}

/** Runs migrations the way an engine does. */
async function go(all: StatusOfFiles, direction: Direction, versions: readonly string[]): Promise<void> {
  await write(all.ledger.create());
  for (const version of versions) {
    const migration = all.files.migrations.find((one) => one.version === version);
    const section = direction === 'up' ? migration?.up : migration?.down;
    if (migration === undefined || section === undefined)
      throw new Error(`no way ${direction} of ${version}`);
    const finished = all.ledger.finish(migration, direction, 1, AUTHOR);
    if (section.transactional) {
      await session.sql('BEGIN');
      for (const { sql } of section.statements) await session.single(sql);
      await write(finished);
      await session.sql('COMMIT');
    } else {
      await write(all.ledger.begin(migration, direction, AUTHOR));
      for (const { sql } of section.statements) await session.single(sql);
      await write(finished);
    }
  }
}

const states = ({ status }: StatusOfFiles) => status.items.map(({ state }) => state).join(' ');
const tables = async () =>
  (
    await session.sql(`SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace`)
  )[0]?.n;

const times = (n: number, word: string) => Array.from({ length: n }, () => word).join(' ');

describe.each(['dbmate', 'node-pg-migrate', 'golang-migrate', 'goose', 'flyway'] as const)('%s', (format) => {
  const versions = Array.from({ length: 10 }, (_, at) => versionOf(format, at + 1));

  test('the same ten go up and down again, and the status says so', async () => {
    const directory = directoryOf(format);
    const where = { host, session, directory };
    const before = await readAll(where);
    expect(before.status.problems).toEqual([]);
    expect(states(before)).toBe(times(10, 'pending'));
    expect(before.history).toMatchObject({ kind: format, exists: false });
    // looking made nothing
    expect(await tables()).toBe(0);

    await go(before, 'up', versions);
    const after = await readAll(where);
    expect(after.status.problems).toEqual([]);
    expect(states(after)).toBe(times(10, 'applied'));
    expect(after.status.current).toBe(versions[9]);
    expect(await session.sql(`SELECT "番号" FROM "注文"`)).toEqual([]);
    expect(await session.sql('SELECT three FROM sums')).toEqual([{ three: 3 }]);

    await go(after, 'down', versions.slice(3).reverse());
    const third = await readAll(where);
    expect(states(third)).toBe(`${times(3, 'applied')} ${times(7, 'pending')}`);
    expect(third.status.current).toBe(versions[2]);

    await go(third, 'down', versions.slice(0, 3).reverse());
    const base = await readAll(where);
    expect(states(base)).toBe(times(10, 'pending'));
    expect(base.status.current).toBeNull();
  });

  test('a file that was changed, one that is gone, one that was begun', async () => {
    const directory = directoryOf(format);
    const where = { host, session, directory };
    const start = await readAll(where);
    await go(start, 'up', versions.slice(0, 5));
    const up = start.files.migrations.map(({ file }) => join(directory, file));
    const original = readFileSync(up[0] ?? '', 'utf8');
    // a comment is no change
    writeFileSync(up[0] ?? '', original.replace('CREATE TABLE users', '/* more */ CREATE   TABLE\tusers'));
    // except to a tool that keeps a sum of the whole file
    const [same] = format === 'flyway' ? ['changed'] : ['applied'];
    expect(states(await readAll(where))).toBe(`${same} ${times(4, 'applied')} ${times(5, 'pending')}`);
    // another value is one
    writeFileSync(up[0] ?? '', original.replace('b@example.com', 'c@example.com'));
    rmSync(up[4] ?? '');
    const [sixth] = start.files.migrations.slice(5);
    if (sixth === undefined) throw new Error('no sixth');
    await write(start.ledger.begin(sixth, 'up', AUTHOR));
    const all = await readAll(where);
    expect(states(all)).toBe(`changed applied applied applied missing_file dirty ${times(4, 'pending')}`);
    const problems = all.status.problems.filter(({ kind }) => kind !== 'bad_file');
    expect(problems.map(({ kind, version }) => [kind, version])).toEqual([
      ['changed', versions[0]],
      ['missing_file', versions[4]],
      ['dirty', versions[5]],
    ]);
    expect(all.history.dirty).toMatchObject([{ direction: 'up', done: 0, of: 1, run: 'r1' }]);

    await write(all.ledger.abandon(sixth, 'up'));
    const [first] = all.files.migrations;
    if (first) await write(all.ledger.accept(first));
    const [row] = all.history.applied.filter(({ version }) => version === versions[4]);
    if (row) await write(all.ledger.forget(row));
    expect(states(await readAll(where))).toBe(`${times(4, 'applied')} ${times(5, 'pending')}`);
  });

  test('a way down that was begun is dirty, and given up it is applied as before', async () => {
    const where = { host, session, directory: directoryOf(format) };
    const start = await readAll(where);
    await go(start, 'up', versions.slice(0, 6));
    const [sixth] = start.files.migrations.slice(5);
    if (sixth === undefined) throw new Error('no sixth');
    await write(start.ledger.begin(sixth, 'down', AUTHOR));
    const begun = await readAll(where);
    expect(states(begun)).toBe(`${times(5, 'applied')} dirty ${times(4, 'pending')}`);
    await write(begun.ledger.abandon(sixth, 'down'));
    expect(states(await readAll(where))).toBe(`${times(6, 'applied')} ${times(4, 'pending')}`);
  });
});

test('what node-pg-migrate has run is known, and node-pg-migrate goes on from what was run here', async () => {
  const directory = directoryOf('node-pg-migrate');
  const where = { host, session, directory };
  const { host: address, port, user, database: name } = database.target();
  const tool = (direction: Direction, count: number) =>
    runner({
      databaseUrl: { host: address, port, user, database: name },
      dir: directory,
      migrationsTable: 'pgmigrations',
      direction,
      count,
      singleTransaction: false,
      log: () => {},
    });
  await tool('up', 3);
  const three = await readAll(where);
  expect(states(three)).toBe(`${times(3, 'applied')} ${times(7, 'pending')}`);
  expect(three.status.items[0]?.applied_at).toMatch(/^\d{4}-\d\d-\d\dT/);
  // 4 to 6, of which the tool cannot run the last one itself
  await go(
    three,
    'up',
    three.files.migrations.slice(3, 6).map(({ version }) => version),
  );
  expect((await tool('up', 1)).map((one) => one.name)).toEqual(['1700000000007_atomic_function']);
  const seven = await readAll(where);
  expect(states(seven)).toBe(`${times(7, 'applied')} ${times(3, 'pending')}`);
  expect((await tool('down', 1)).map((one) => one.name)).toEqual(['1700000000007_atomic_function']);
  expect(states(await readAll(where))).toBe(`${times(6, 'applied')} ${times(4, 'pending')}`);
});

test("golang-migrate's mark of a failure is seen without a mark of ours", async () => {
  const where = { host, session, directory: directoryOf('golang-migrate') };
  await session.sql('CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)');
  await session.sql('INSERT INTO schema_migrations VALUES (3, true)');
  const all = await readAll(where);
  expect(states(all)).toBe(`applied applied dirty ${times(7, 'pending')}`);
  expect(all.history.dirty).toMatchObject([{ version: '3', direction: null, done: null }]);
  await session.sql('UPDATE schema_migrations SET version = 42, dirty = false');
  expect(states(await readAll(where))).toBe(`${times(10, 'applied')} missing_file`);
});

test("goose's rows are read by their newest", async () => {
  const where = { host, session, directory: directoryOf('goose') };
  await write((await readAll(where)).ledger.create());
  await session.sql(
    'INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, true), (2, true), (2, false), (4, true)',
  );
  expect(states(await readAll(where))).toBe(
    `applied out_of_order out_of_order applied ${times(6, 'pending')}`,
  );
});

describe("Flyway's own table", () => {
  const flywayTable = `CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL)`;

  test('is read with its checksums, failures and undone versions', async () => {
    const directory = directoryOf('flyway');
    const where = { host, session, directory };
    await session.sql(flywayTable);
    const crc = (await readAll(where)).files.migrations.map((migration) => migration.sums[0]);
    const row = (
      rank: number,
      version: string,
      type: string,
      sum: string | number | undefined | null,
      success = true,
    ) =>
      session.sql(
        `INSERT INTO flyway_schema_history VALUES ($1, $2, 'x', $3, 'x.sql', $4, 'me', now(), 5, $5)`,
        [rank, version, type, sum, success],
      );
    await row(1, '1', 'SQL', crc[0]);
    await row(2, '2', 'SQL', 12345);
    await row(3, '3', 'SQL', crc[2]);
    await row(4, '3', 'UNDO_SQL', null);
    await row(5, '4', 'SQL', crc[3], false);
    const all = await readAll(where);
    expect(states(all)).toBe(`applied changed pending dirty ${times(6, 'pending')}`);
    expect(all.history.refusal).toBeUndefined();
  });

  test('counts the lines without their ends', async () => {
    const directory = directoryOf('flyway');
    const [name = '', text = ''] = [...filesOf('flyway')].find(([file]) => file.startsWith('V1__')) ?? [];
    const sum = async () => (await readAll({ host, session, directory })).files.migrations[0]?.sums[0];
    const before = await sum();
    writeFileSync(join(directory, name), text.replaceAll('\n', '\r\n'));
    expect(await sum()).toBe(before);
    appendFileSync(join(directory, name), '-- one more line\n');
    expect(await sum()).not.toBe(before);
  });
});

test('an applied version after one that is not makes that one out of order', async () => {
  const where = { host, session, directory: directoryOf('dbmate') };
  const start = await readAll(where);
  await go(start, 'up', [versionOf('dbmate', 1), versionOf('dbmate', 3)]);
  const { items, problems } = await readStatus(where);
  expect(items.map(({ state }) => state).slice(0, 4)).toEqual([
    'applied',
    'out_of_order',
    'applied',
    'pending',
  ]);
  expect(problems.map(({ kind }) => kind)).toEqual(['out_of_order']);
});

test('a table of that name that belongs to another tool is not written into', async () => {
  const where = { host, session, directory: directoryOf('dbmate') };
  await session.sql('CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)');
  const { history } = await readAll(where);
  expect(history.refusal).toContain('schema_migrations');
  expect(history.notes.join()).toContain('golang-migrate');
});

test('a role that may not read the history is told what to grant', async () => {
  const where = { host, directory: directoryOf('dbmate') };
  await session.sql('CREATE TABLE schema_migrations (version varchar PRIMARY KEY)');
  const stranger = await client(database.target(await database.roleWith()));
  await expect(readStatus({ ...where, session: stranger })).rejects.toMatchObject({
    next: expect.stringMatching(/^Run: GRANT SELECT ON "public"\."schema_migrations" TO /),
  });
});

test('the history is found in the schema of the search path', async () => {
  const where = { host, session, directory: directoryOf('dbmate') };
  await session.sql('CREATE SCHEMA IF NOT EXISTS "App"');
  await session.sql('CREATE TABLE public.schema_migrations (version varchar PRIMARY KEY)');
  await session.sql('CREATE TABLE "App".schema_migrations (version varchar PRIMARY KEY)');
  await session.sql(`INSERT INTO "App".schema_migrations VALUES ('${versionOf('dbmate', 1)}')`);
  await session.sql('SET search_path TO "App", public');
  try {
    const all = await readAll(where);
    expect(all.history.table).toBe('"App"."schema_migrations"');
    expect(all.status.items[0]?.state).toBe('applied');
    expect(all.history.notes.join()).toContain('public');
  } finally {
    await session.sql('RESET search_path');
    await session.sql('DROP SCHEMA "App" CASCADE');
  }
});
