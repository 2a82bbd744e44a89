import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { local } from '../../../../src/hosts/local.ts';
import { readMigrations as readOn } from '../../../../src/ops/migrate/files/read.ts';
import { TEN, versionOf, writeMigrations } from '../../../support/fixtures/migrations.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const ALL = ['dbmate', 'node-pg-migrate', 'golang-migrate', 'goose', 'flyway'] as const;

const readMigrations = (directory: string) => readOn(local, directory);

function directoryWith(files: Record<string, string | Uint8Array>): string {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

const messages = async (files: Record<string, string | Uint8Array>) => {
  const { problems } = await readMigrations(directoryWith(files));
  return problems.map(({ message }) => message);
};

describe.each(ALL)('%s', (format) => {
  const read = async (newline?: string) => {
    const directory = temporaryDirectory();
    writeMigrations(directory, format, TEN, newline);
    return readMigrations(directory);
  };

  test('its ten migrations are what they are in every format', async () => {
    const { format: found, migrations, problems } = await read();
    expect(found).toBe(format);
    expect(problems).toEqual([]);
    expect(migrations.map(({ version }) => version)).toEqual(TEN.map((_, at) => versionOf(format, at + 1)));
    expect(migrations.map(({ name }) => name.replaceAll(' ', '_'))).toEqual(TEN.map(({ name }) => name));
    expect(migrations.map(({ up }) => up.statements.length)).toEqual([2, 2, 2, 1, 2, 1, 2, 2, 3, 3]);
    expect(migrations.map(({ down }) => down?.statements.length)).toEqual([1, 2, 2, 1, 1, 1, 2, 2, 2, 1]);
    expect(migrations.map(({ up }) => up.transactional)).toEqual(TEN.map(({ alone }) => alone !== true));
    expect(migrations.map(({ down }) => down?.transactional)).toEqual(TEN.map(({ alone }) => alone !== true));
  });

  test('line ends of Windows change nothing', async () => {
    const [unix, windows] = [await read(), await read('\r\n')];
    expect(windows.problems).toEqual([]);
    expect(windows.migrations.map(({ up }) => up.checksum)).toEqual(
      unix.migrations.map(({ up }) => up.checksum),
    );
    expect(windows.migrations.map(({ sums }) => sums)).toEqual(unix.migrations.map(({ sums }) => sums));
  });

  test('the line of a statement is that of the file', async () => {
    const directory = temporaryDirectory();
    writeMigrations(directory, format, [
      { name: 'a', up: 'SELECT 1;\n\nSELEC 2;', down: 'SELECT 1;\nDROP x;' },
    ]);
    const { migrations, problems } = await readMigrations(directory);
    const { file = '', downFile = file } = migrations[0] ?? {};
    const start = { dbmate: 4, 'node-pg-migrate': 4, 'golang-migrate': 3, goose: 5, flyway: 3 }[format];
    const back = { dbmate: 8, 'node-pg-migrate': 8, 'golang-migrate': 2, goose: 10, flyway: 2 }[format];
    expect(problems.map(({ message }) => message)).toEqual([
      `${file}:${start}:1: syntax error at or near "SELEC"`,
      `${downFile}:${back}:6: syntax error at or near "x"`,
    ]);
  });
});

describe('the order', () => {
  test('is by number where the tool counts, by text with dbmate', async () => {
    const goose = '-- +goose Up\nSELECT 1;';
    const counted = await readMigrations(
      directoryWith({ '9_a.sql': goose, '10_b.sql': goose, '002_c.sql': goose }),
    );
    expect(counted.migrations.map(({ version }) => version)).toEqual(['2', '9', '10']);
    const up = '-- migrate:up\nSELECT 1;';
    const texts = await readMigrations(directoryWith({ '9_a.sql': up, '10_b.sql': up }));
    expect(texts.migrations.map(({ version }) => version)).toEqual(['10', '9']);
  });

  test("is by parts with Flyway's versions", async () => {
    const names = ['V1_10__a', 'V1.2__b', 'V1__c', 'V2.0.1__d', 'V2__e'];
    const { migrations } = await readMigrations(
      directoryWith(Object.fromEntries(names.map((name) => [`${name}.sql`, 'SELECT 1']))),
    );
    expect(migrations.map(({ version }) => version)).toEqual(['1', '1.2', '1.10', '2', '2.0.1']);
  });

  test('is by the moment with node-pg-migrate, also of dates', async () => {
    const text = '-- Up Migration\nSELECT 1;';
    const files = { '20260101000000000_b.sql': text, '1700000000000_a.sql': text };
    const { migrations } = await readMigrations(directoryWith(files));
    expect(migrations.map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

describe('Flyway', () => {
  test('looks into directories below, also behind a link, and takes what is repeatable last', async () => {
    const directory = directoryWith({ 'R__views.sql': 'SELECT 1', 'V2__b.sql': 'SELECT 1' });
    const elsewhere = directoryWith({ 'V3__c.sql': 'SELECT 1', 'U3__c.sql': 'SELECT 1' });
    mkdirSync(join(directory, '2026/may'), { recursive: true });
    mkdirSync(join(directory, '.hidden'));
    writeFileSync(join(directory, '2026/may/V1__a.sql'), 'SELECT 1');
    writeFileSync(join(directory, '2026/may/V1__a.sql.conf'), 'executeInTransaction=false');
    writeFileSync(join(directory, '2026/R__a_trigger.sql'), 'SELECT 1');
    writeFileSync(join(directory, '2026/notes.sql'), 'SELECT 1');
    writeFileSync(join(directory, '.hidden/V9__x.sql'), 'SELECT 1');
    symlinkSync(elsewhere, join(directory, 'more'));
    symlinkSync(directory, join(directory, 'round'));
    const { migrations, problems } = await readMigrations(directory);
    expect(problems).toEqual([]);
    expect(migrations.map(({ version, file }) => [version, file])).toEqual([
      ['1', '2026/may/V1__a.sql'],
      ['2', 'V2__b.sql'],
      ['3', 'more/V3__c.sql'],
      ['R__a_trigger', '2026/R__a_trigger.sql'],
      ['R__views', 'R__views.sql'],
    ]);
    expect(migrations[0]?.up.transactional).toBe(false);
    expect(migrations[2]?.downFile).toBe('more/U3__c.sql');
  });

  test('a project is not gone through for it, nor are directories below those of another tool', async () => {
    const project = directoryWith({ 'pom.xml': '' });
    mkdirSync(join(project, 'target'));
    writeFileSync(join(project, 'target/V1__a.sql'), 'SELECT 1');
    expect(await readMigrations(project)).toMatchObject({ format: undefined, migrations: [] });
    const dbmate = directoryWith({ '1_a.sql': '-- migrate:up\nSELECT 1;' });
    mkdirSync(join(dbmate, 'old'));
    writeFileSync(join(dbmate, 'old/0_b.sql'), '-- migrate:up\nSELECT 1;');
    expect((await readMigrations(dbmate)).migrations).toHaveLength(1);
  });
});

describe('what a file says', () => {
  test.each([
    ['1_a.sql', '-- migrate:up transaction:false\nSELECT 1;', 'the file says transaction:false'],
    ['1_a.sql', '-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;', 'the file says NO TRANSACTION'],
    [
      '1_a.sql',
      '-- +goose Up\n-- +goose StatementBegin\n-- +goose NO TRANSACTION\nSELECT 1;\n-- +goose StatementEnd',
      'the file says NO TRANSACTION',
    ],
  ])('%s %j', async (name, text, why) => {
    const { migrations } = await readMigrations(directoryWith({ [name]: text }));
    expect(migrations[0]?.up).toMatchObject({ transactional: false, why });
  });

  test("Flyway's settings of a script count", async () => {
    const { migrations } = await readMigrations(
      directoryWith({ 'V1__a.sql': 'SELECT 1', 'V1__a.sql.conf': 'executeInTransaction=false\n' }),
    );
    expect(migrations[0]?.up.transactional).toBe(false);
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['dbmate', { '1_a.sql': '-- migrate:up\nSELECT 1;\n-- migrate:down\n-- nothing yet\n' }, true],
    // dbmate itself refuses a file without that line
    ['dbmate', { '1_a.sql': '-- migrate:up\nSELECT 1;' }, false],
    ['goose', { '1_a.sql': '-- +goose Up\nSELECT 1;' }, true],
    ['golang-migrate', { '1_a.up.sql': 'SELECT 1;' }, true],
    ['golang-migrate', { '1_a.up.sql': 'SELECT 1;', '1_a.down.sql': '\r\n' }, true],
    ['node-pg-migrate', { '1_a.sql': '-- Up Migration\nSELECT 1;\n-- Down Migration\n' }, true],
    ['node-pg-migrate', { '1_a.sql': '-- Up Migration\nSELECT 1;' }, false],
    ['flyway', { 'V1__a.sql': 'SELECT 1;' }, false],
  ])('a way down without a statement is none (%s, %j)', async (format, files, forgettable) => {
    const { migrations, ...found } = await readMigrations(directoryWith(files));
    expect(found).toMatchObject({ format, problems: [] });
    expect(migrations[0]).toMatchObject({ down: undefined, forgettable });
  });

  test.each([
    ['-- migrate:up\n-- only a mark of a release\n-- migrate:down\n'],
    ['-- +goose Up\n-- +goose Down\n'],
    ['-- +goose Up\n'],
    ['-- Up Migration\n-- Down Migration\n'],
  ])('nothing is the way back from nothing: %j', async (text) => {
    const { migrations } = await readMigrations(directoryWith({ '1_a.sql': text }));
    expect(migrations[0]?.down).toMatchObject({ statements: [], error: undefined });
    expect(migrations[0]?.forgettable).toBe(false);
  });

  test('a byte order mark is no SQL', async () => {
    expect(await messages({ '1_a.sql': '\ufeff-- migrate:up\nSELECT 1;' })).toEqual([]);
    expect(await messages({ '1_a.up.sql': '\ufeffSELECT 1;' })).toEqual([]);
  });

  test.each([
    '-- migrate:up\rSELECT 1;\r-- migrate:down\rSELECT 2;\r',
    '-- migrate:up\rSELECT 1;\n-- migrate:down\r\nSELECT 2;\r\n',
    '-- +goose Up\rSELECT 1;\r-- +goose Down\rSELECT 2;\r',
    '-- Up Migration\rSELECT 1;\r-- Down Migration\rSELECT 2;\r',
  ])('a CR alone ends a line, as for the server: %j', async (text) => {
    const { migrations, problems } = await readMigrations(directoryWith({ '1_a.sql': text }));
    expect(problems).toEqual([]);
    const [one] = migrations;
    expect([one?.up, one?.down].map((way) => way?.statements.map(({ sql }) => sql))).toEqual([
      ['SELECT 1'],
      ['SELECT 2'],
    ]);
  });

  test('a long comment before the mark is one', async () => {
    expect(await messages({ '1_a.sql': `-- ${'x'.repeat(5_000)}\n-- migrate:up\nSELECT 1;` })).toEqual([]);
  });

  test('node-pg-migrate takes a file without a mark for a way up', async () => {
    const files = { '1_a.sql': '-- Up Migration\nSELECT 1;', '2_b.sql': 'SELECT 2;' };
    const { migrations, problems } = await readMigrations(directoryWith(files));
    expect(problems).toEqual([]);
    expect(migrations[1]).toMatchObject({ name: 'b', down: undefined });
  });

  test('goose does not need marks around a body', async () => {
    const body = '-- +goose Up\nDO $$ BEGIN NULL; END $$;\n-- +goose Down\nSELECT 1;';
    const { migrations } = await readMigrations(directoryWith({ '1_a.sql': body }));
    expect(migrations[0]?.up.statements).toHaveLength(1);
  });
});

describe('what is wrong is said', () => {
  const up = '-- migrate:up\nSELECT 1;\n';

  test.each<[Record<string, string | Uint8Array>, string]>([
    [{ '1_a.sql': up, '1_b.sql': up }, '1_a.sql and 1_b.sql have the same version'],
    [
      { '1_a.sql': up, '2_b.sql': up, '3_c.sql': '-- +goose Up\nSELECT 1;' },
      '3_c.sql: it is written for goose',
    ],
    [{ '1_a.sql': up, '2_b.sql': 'SELECT 1;' }, '2_b.sql: it has no mark of a format'],
    [{ '1_a.sql': 'SELECT 1;' }, '1_a.sql: it has no mark of a format'],
    [{ '1_a.sql': up, 'b.sql': up }, 'b.sql: dbmate does not take this name'],
    [{ '1_a.sql': `${up}${up}` }, '1_a.sql:3: there is a second line'],
    [{ '1_a.sql': `-- migrate:down\nSELECT 1;\n${up}` }, '1_a.sql:1: "-- migrate:down" stands before'],
    [{ '1_a.sql': `SELECT 0;\n${up}` }, '1_a.sql:1: there is SQL before "-- migrate:up"'],
    [{ '1_a.sql': `-- one\rSELECT 0;\n${up}` }, '1_a.sql:1: there is SQL before "-- migrate:up"'],
    [{ '1_a.sql': '-- migrate:up\u2028SELECT 1;' }, '1_a.sql:1: the option SELECT is not known'],
    [{ '1_a.sql': '-- +goose Up\u2028SELECT 1;' }, '1_a.sql: it has no line "-- +goose Up"'],
    [{ '1_a.sql': '-- migrate:down\nSELECT 1;' }, '1_a.sql: it has no line "-- migrate:up"'],
    [{ '1_a.sql': '-- migrate:up env-var:X\nSELECT 1;' }, '1_a.sql:1: the option env-var:X is not known'],
    [
      { '1_a.sql': '-- +goose Up\n-- +goose StatementBegin\nSELECT 1;' },
      '1_a.sql:2: StatementBegin has no end',
    ],
    [
      { '1_a.sql': '-- +goose Up\n-- +goose ENVSUB ON\nSELECT 1;' },
      '1_a.sql:2: "+goose ENVSUB ON" is not known',
    ],
    [{ '1_a.down.sql': 'SELECT 1;' }, '1_a.down.sql: there is a way down and no way up'],
    [{ '1_a.up.sql': 'SELECT 1', '01_b.up.sql': 'SELECT 1' }, 'have the same version'],
    [{ '1_a.up.sql': 'SELECT 1', '2_b.sql': 'SELECT 1' }, '2_b.sql: golang-migrate does not take this name'],
    [{ 'V1__a.sql': `SELECT '$${'{schema}'}';` }, `V1__a.sql:1: $${'{schema}'} is replaced by Flyway only`],
    [{ 'V1__a.sql': 'SELECT 1', 'V2_b.sql': 'SELECT 1' }, 'V2_b.sql: Flyway does not take this name'],
    [{ 'V1__a.sql': 'SELECT 1', 'R__b c.sql': '', 'R__b_c.sql': '' }, 'have the same version'],
    [{ '1_a.sql': up, '2_b.SQL': up }, '2_b.SQL: its tool may not see it, since it does not end in .sql'],
    [{ '1_a.sql': up, '2_b.js': 'x' }, '2_b.js: it is a program and not SQL'],
    [{ '1_a.sql': new Uint8Array([0xff, 0xfe, 0x2d, 0]) }, '1_a.sql: it is UTF-16; save it as UTF-8.'],
    [{ '1_a.sql': Buffer.from(`${up}-- caf\xe9\n`, 'latin1') }, '1_a.sql: it is not UTF-8 (line 3)'],
    [{ '1_a.sql': `${up}\0` }, '1_a.sql: it has a NUL in line 3'],
  ])('%j', async (files, expected) => {
    const said = await messages(files);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(expected);
  });

  test('what an editor leaves beside is no migration', async () => {
    const files = ['1_a.sql~', '#1_a.sql#', '.1_a.sql.swp', '1_a.sql.orig', '.#1_a.sql', '1_a.sql.bak'];
    const { migrations, problems } = await readMigrations(
      directoryWith({ '1_a.sql': up, ...Object.fromEntries(files.map((name) => [name, up])) }),
    );
    expect([migrations.length, problems]).toEqual([1, []]);
  });

  test('a directory that is not there', async () => {
    const { problems } = await readMigrations('/nowhere/at/all');
    expect(problems).toMatchObject([
      { kind: 'no_directory', message: expect.stringContaining('does not exist') },
    ]);
  });

  test('a directory without migrations has no format', async () => {
    const directory = directoryWith({ 'README.md': 'x', 'schema.sql': 'SELECT 1;' });
    mkdirSync(join(directory, '1_sub.sql'));
    expect(await readMigrations(directory)).toMatchObject({
      format: undefined,
      migrations: [],
      problems: [],
    });
  });
});
