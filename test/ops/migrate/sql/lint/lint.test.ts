import { beforeAll, describe, expect, test } from 'vitest';
import type { Migration } from '../../../../../src/ops/migrate/files/migration.ts';
import { lint } from '../../../../../src/ops/migrate/sql/lint/lint.ts';
import { readSection } from '../../../../../src/ops/migrate/sql/section.ts';
import { loadParser, type Parser } from '../../../../../src/ops/sql/parser.ts';
import { TEN } from '../../../../support/fixtures/migrations.ts';

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser();
});

function migration(up: string, down = 'SELECT 1', version = '1'): Migration {
  const file = `${version}.sql`;
  return {
    version,
    name: 'x',
    file,
    downFile: undefined,
    up: readSection(parser, { sql: up, file, line: 1 }),
    down: readSection(parser, { sql: down, file, line: 1 }),
    sums: [],
  };
}

const names = (sql: string) => lint([migration(sql)], 'up').map(({ name }) => name);

test.each([
  ['DROP TABLE users', ['drop_table']],
  ['DROP TABLE users CASCADE', ['drop_table', 'drop_cascade']],
  ['DROP SCHEMA app', ['drop_schema']],
  ['DROP DATABASE shop', ['drop_database']],
  ['DROP VIEW v', ['drop_object']],
  ['DROP TYPE mood', ['drop_object']],
  ['DROP INDEX i', ['drop_index']],
  ['ALTER TABLE users DROP COLUMN email', ['drop_column']],
  ['ALTER TABLE users ALTER COLUMN id TYPE bigint', ['change_column_type']],
  ['ALTER TABLE users ALTER email SET NOT NULL', ['set_not_null']],
  ['ALTER TABLE users ADD COLUMN a int NOT NULL', ['required_column']],
  ['ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid()', ['volatile_default']],
  ['ALTER TABLE users ADD COLUMN a timestamptz DEFAULT clock_timestamp()', ['volatile_default']],
  ['ALTER TABLE users ADD COLUMN a bigserial', ['table_rewrite']],
  ['ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS (b + 1) STORED', ['table_rewrite']],
  ['ALTER TABLE users ADD COLUMN a int UNIQUE', ['unique_builds_index']],
  ['ALTER TABLE users SET UNLOGGED', ['table_rewrite']],
  ['ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)', ['constraint_without_not_valid']],
  ['ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES t', ['constraint_without_not_valid']],
  ['ALTER TABLE users ADD CONSTRAINT u UNIQUE (a)', ['unique_builds_index']],
  ['CREATE INDEX i ON users (a)', ['index_without_concurrently']],
  ['CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON users (a)', ['concurrently_if_not_exists']],
  ['REINDEX TABLE users', ['reindex_without_concurrently']],
  ['ALTER TABLE users RENAME COLUMN a TO b', ['rename_column']],
  ['ALTER TABLE users RENAME TO people', ['rename_table']],
  ['ALTER TABLE users SET SCHEMA app', ['rename_table']],
  ['UPDATE users SET a = 1', ['update_without_where']],
  ['DELETE FROM users', ['delete_without_where']],
  ['WITH gone AS (DELETE FROM users RETURNING *) SELECT count(*) FROM gone', ['delete_without_where']],
  [
    'WITH u AS (UPDATE users SET a = 1 RETURNING *) INSERT INTO log SELECT * FROM u',
    ['update_without_where'],
  ],
  ['PREPARE q AS DELETE FROM users', ['delete_without_where']],
  ['CREATE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM users', []],
  ['TRUNCATE users', ['truncate']],
  ['DROP OWNED BY app', ['drop_object']],
  ["DO $$ BEGIN DROP TABLE users; EXECUTE format('truncate %I', 't'); END $$", ['drop_table', 'truncate']],
  ['DO $$ BEGIN /* DROP TABLE users */ CREATE TYPE t AS ENUM (); END $$ -- truncate', []],
  ['CREATE TEMP TABLE users (id int); DROP TABLE public.users', ['drop_table']],
  ['SET search_path = app; CREATE TABLE users (id int); RESET search_path; DROP TABLE users', ['drop_table']],
  [
    "SELECT set_config('search_path', 'app', false); CREATE TABLE users (id int); TRUNCATE public.users",
    ['truncate'],
  ],
  ['DELETE FROM pg_stat_statements WHERE calls < 10', ['statement_counters']],
  ['VACUUM FULL users', ['vacuum_full']],
  ['VACUUM (FULL true) users', ['vacuum_full']],
  ['CLUSTER users USING i', ['cluster']],
  ['LOCK TABLE users IN EXCLUSIVE MODE', ['lock_table']],
  ['REFRESH MATERIALIZED VIEW m', ['refresh_without_concurrently']],
  ["ALTER TYPE mood ADD VALUE 'x'; INSERT INTO t VALUES ('x')", ['enum_value_used']],
  ['ALTER TABLE users ADD a int; UPDATE users SET a = 1 WHERE b', ['rows_changed_under_lock']],
  [
    'ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c',
    ['validated_at_once'],
  ],
])('%s', (sql, expected) => {
  expect(names(sql)).toEqual(expected);
});

test.each([
  'CREATE TABLE t (a int NOT NULL UNIQUE REFERENCES p)',
  'CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE public.t ALTER a SET NOT NULL; DROP TABLE t',
  'ALTER TABLE users ADD COLUMN a int DEFAULT 0',
  'ALTER TABLE users ADD COLUMN a timestamptz NOT NULL DEFAULT now()',
  'ALTER TABLE users ADD COLUMN a int GENERATED ALWAYS AS (b + 1) VIRTUAL',
  'ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
  'ALTER TABLE users VALIDATE CONSTRAINT c',
  'ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX i',
  'CREATE INDEX CONCURRENTLY i ON users (a)',
  'DROP INDEX CONCURRENTLY i',
  'UPDATE users SET a = 1 WHERE b',
  'VACUUM users',
  'VACUUM (FULL false) users',
  "ALTER TYPE mood ADD VALUE 'x'",
  "CREATE TYPE mood AS ENUM ('a'); ALTER TYPE mood ADD VALUE 'x'; SELECT 'x'::mood",
  'DROP FUNCTION f(int); CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
  'DROP VIEW v; CREATE VIEW v AS SELECT 1',
  'ALTER TABLE users ALTER COLUMN a SET DEFAULT 5',
])('nothing against %s', (sql) => {
  expect(names(sql)).toEqual([]);
});

describe('several migrations', () => {
  test('a table of an earlier one is new to the later ones', () => {
    const two = [migration('CREATE TABLE t (a int)'), migration('CREATE INDEX i ON t (a)', 'SELECT 1', '2')];
    expect(lint(two, 'up')).toEqual([]);
    expect(lint(two.slice(1), 'up')).toHaveLength(1);
    // one that may have been there is not
    const maybe = [migration('CREATE TABLE IF NOT EXISTS t (a int)'), ...two.slice(1)];
    expect(lint(maybe, 'up')).toHaveLength(1);
  });

  test("what a pending one makes is nobody's yet: an index, a view, a type, a function, a column", () => {
    const first = migration(
      'CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1; CREATE TYPE mood AS ENUM (); CREATE INDEX i ON t (a); ALTER TABLE old ADD COLUMN c int',
    );
    const second = migration(
      'DROP INDEX i; DROP VIEW v; DROP TYPE mood; ALTER TABLE old DROP COLUMN c; ALTER TABLE t RENAME a TO b; VACUUM FULL t; CLUSTER t USING j; REINDEX TABLE t; DROP TABLE t',
      'SELECT 1',
      '2',
    );
    expect(lint([first, second], 'up')).toEqual([]);
    expect(new Set(lint([second], 'up').map(({ name }) => name)).size).toBe(8);
  });

  test('what the database says of its tables counts', () => {
    const sql =
      'CREATE INDEX i ON t (a); ALTER TABLE t ALTER a SET NOT NULL, DROP COLUMN b; CREATE TABLE IF NOT EXISTS n (a int); CREATE INDEX j ON n (a); CREATE INDEX CONCURRENTLY IF NOT EXISTS k ON t (a)';
    const found = (tables?: Parameters<typeof lint>[2]) =>
      lint([migration(sql)], 'up', tables).map(({ name }) => name);
    const empty = {
      isAbsent: (name: string) => name === 'n',
      isEmpty: (name: string) => name === 't',
      allEmpty: false,
    };
    expect(found()).toEqual([
      'index_without_concurrently',
      'drop_column',
      'set_not_null',
      'index_without_concurrently',
      'concurrently_if_not_exists',
    ]);
    expect(found(empty)).toEqual(['drop_column', 'concurrently_if_not_exists']);
    expect(found({ ...empty, allEmpty: true })).toEqual(['concurrently_if_not_exists']);
  });

  test.each([
    ['CREATE TABLE t (a int)', 'DROP TABLE t', true],
    ['CREATE TABLE public.t (a int)', 'DROP TABLE IF EXISTS t', true],
    ['CREATE TABLE IF NOT EXISTS t (a int)', 'DROP TABLE t', undefined],
    ['CREATE TABLE t (a int)', 'DROP TABLE t, u', undefined],
    ['CREATE TABLE t (a int)', 'ALTER TABLE t DROP COLUMN a', true],
    ['ALTER TABLE t ADD COLUMN a int', 'ALTER TABLE t DROP COLUMN a', true],
    ['ALTER TABLE t ADD COLUMN IF NOT EXISTS a int', 'ALTER TABLE t DROP COLUMN a', undefined],
    ['ALTER TABLE t ADD COLUMN a int', 'ALTER TABLE t DROP COLUMN b', undefined],
    ['CREATE INDEX i ON t (a)', 'DROP INDEX i', true],
    ['CREATE VIEW v AS SELECT 1', 'DROP VIEW v', true],
    ['CREATE OR REPLACE VIEW v AS SELECT 1', 'DROP VIEW v', undefined],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1', 'DROP FUNCTION f()', true],
    ['CREATE SCHEMA app', 'DROP SCHEMA app', true],
  ])('a way down that rolls back what its own way up made: %s, %s', (up, down, own) => {
    expect(lint([migration(up, down)], 'down').map((one) => one.own)).toEqual([own]);
  });

  test('a way down that does nothing says so', () => {
    const names = (up: string) => lint([migration(up, '')], 'down').map(({ name }) => name);
    expect(names('CREATE TABLE t (a int)')).toEqual(['nothing_taken_back']);
    expect(names('-- nothing')).toEqual([]);
  });

  test('the way down is looked at by itself, with line and file', () => {
    const one = migration('SELECT 1', '\nDROP TABLE t');
    expect(lint([one], 'down')).toEqual([
      {
        name: 'drop_table',
        version: '1',
        message: 'The data of t is lost; keep a backup, or rename it first and drop it later.',
        destructive: true,
        lost: [{ table: 't' }],
        file: '1.sql',
        line: 2,
      },
    ]);
  });

  test('every message is a sentence with what to do instead', () => {
    const hazards = TEN.flatMap(({ up, down }) => [
      ...lint([migration(up)], 'up'),
      ...lint([migration(up, down)], 'down'),
    ]);
    expect(hazards.length).toBeGreaterThan(5);
    for (const { message } of hazards) expect(message).toMatch(/^\S.*[;,] .*\.$/);
  });
});
