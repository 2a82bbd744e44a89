import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { strongest } from '../../../../src/ops/migrate/sql/locks.ts';
import { readSection } from '../../../../src/ops/migrate/sql/section.ts';
import type { LockTaken } from '../../../../src/ops/migrate/sql/statement.ts';
import { loadParser, type Parser } from '../../../../src/ops/sql/parser.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';

let database: TestDatabase;
let session: Session;
let parser: Parser;

beforeAll(async () => {
  parser = await loadParser();
  database = await testDatabase();
  session = await client(database.target());
  const statements = [
    'CREATE TABLE p (id int PRIMARY KEY)',
    'CREATE TABLE t (a int, b text, CONSTRAINT positive CHECK (a > 0) NOT VALID)',
    'CREATE INDEX t_a ON t (a)',
    'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
    'CREATE TRIGGER fires AFTER INSERT ON t EXECUTE FUNCTION f()',
    'CREATE POLICY mine ON t USING (true)',
    'CREATE RULE copy AS ON DELETE TO t DO SELECT 1',
    'CREATE TABLE parts (a int) PARTITION BY LIST (a)',
    'CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)',
    'CREATE TABLE loose (a int)',
    'CREATE VIEW v AS SELECT a FROM t',
    'CREATE MATERIALIZED VIEW m AS SELECT a FROM t',
    'CREATE UNIQUE INDEX m_a ON m (a)',
    'CREATE SCHEMA other',
  ];
  for (const sql of statements) await session.sql(sql);
});
afterAll(() => database.drop());

const WATCHED = ['p', 't', 'parts', 'part', 'loose', 'v', 'm'];

/** The strongest lock on each table, as the server has given them. */
async function held(sql: string): Promise<Record<string, string | undefined>> {
  await session.sql('BEGIN');
  try {
    const rows = await session.sql(
      `SELECT oid::text, relname::text AS name FROM pg_class WHERE relname = ANY ($1) AND relnamespace = 'public'::regnamespace`,
      [WATCHED],
    );
    await session.single(sql);
    const locks = await session.sql(
      `SELECT relation::text AS oid, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'`,
    );
    return byName(
      rows.flatMap(({ oid, name }) =>
        locks
          .filter((lock) => lock.oid === oid)
          .map(({ mode }) => ({ relation: String(name), mode: modeOf(String(mode)) })),
      ),
    );
  } finally {
    await session.sql('ROLLBACK');
  }
}

/** `ShareRowExclusiveLock` in the words of LOCK TABLE. */
const modeOf = (mode: string) =>
  mode
    .replace(/Lock$/, '')
    .replace(/(?<=.)([A-Z])/g, ' $1')
    .toUpperCase() as LockTaken['mode'];

function byName(locks: readonly LockTaken[]): Record<string, string | undefined> {
  const groups = Map.groupBy(
    locks.filter(({ mode }) => mode !== 'ACCESS SHARE' && mode !== 'ROW SHARE'),
    ({ relation }) => relation ?? '',
  );
  return Object.fromEntries([...groups].map(([name, group]) => [name, strongest(group)]));
}

test.each([
  'CREATE INDEX i ON t (b)',
  'ALTER TABLE t ADD COLUMN c int',
  'ALTER TABLE t ADD COLUMN c int REFERENCES p',
  'ALTER TABLE t ALTER b TYPE varchar(9)',
  'ALTER TABLE t ALTER b SET NOT NULL',
  'ALTER TABLE t ALTER a SET STATISTICS 500',
  'ALTER TABLE t ALTER a SET DEFAULT 1',
  'ALTER TABLE t VALIDATE CONSTRAINT positive',
  'ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p NOT VALID',
  'ALTER TABLE t ADD CONSTRAINT c CHECK (a < 9) NOT VALID',
  'ALTER TABLE t ADD UNIQUE (b)',
  'ALTER TABLE t DROP CONSTRAINT positive',
  'ALTER TABLE t SET (fillfactor = 90)',
  'ALTER TABLE t SET UNLOGGED',
  'ALTER TABLE t CLUSTER ON t_a',
  'ALTER TABLE t DISABLE TRIGGER fires',
  'ALTER TABLE t ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE parts ATTACH PARTITION loose FOR VALUES IN (2)',
  'ALTER TABLE parts DETACH PARTITION part',
  'ALTER TABLE t RENAME TO u',
  'ALTER TABLE t RENAME COLUMN a TO c',
  'ALTER TABLE t SET SCHEMA other',
  'CREATE TABLE n (a int REFERENCES p)',
  'CREATE TABLE n PARTITION OF parts FOR VALUES IN (3)',
  'CREATE TABLE n () INHERITS (t)',
  'CREATE TRIGGER again AFTER INSERT ON t EXECUTE FUNCTION f()',
  'CREATE POLICY yours ON t USING (true)',
  'CREATE RULE again AS ON DELETE TO t DO SELECT 1',
  'CREATE STATISTICS s ON a, b FROM t',
  'CREATE OR REPLACE VIEW v AS SELECT a FROM t',
  'DROP TRIGGER fires ON t',
  'DROP POLICY mine ON t',
  'DROP RULE copy ON t',
  'DROP VIEW v',
  'TRUNCATE t',
  'LOCK TABLE t IN SHARE MODE',
  'LOCK TABLE t',
  'REINDEX TABLE t',
  'CLUSTER t USING t_a',
  'ANALYZE t',
  'REFRESH MATERIALIZED VIEW m',
  'REFRESH MATERIALIZED VIEW CONCURRENTLY m',
  'INSERT INTO t VALUES (1)',
  'UPDATE t SET a = 1',
  'DELETE FROM p',
  'COMMENT ON TABLE t IS $$x$$',
  'COMMENT ON COLUMN t.a IS $$x$$',
  'SELECT 1',
])('the server takes for %s what its text tells', async (sql) => {
  const [statement] = readSection(parser, { sql, file: 'a.sql', line: 1 }).statements;
  expect(byName(statement?.locks ?? [])).toEqual(await held(sql));
});
