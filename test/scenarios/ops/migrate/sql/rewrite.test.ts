import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/session.ts';
import { lint } from '../../../../../src/ops/migrate/sql/lint/lint.ts';
import { readSection } from '../../../../../src/ops/migrate/sql/section.ts';
import { loadParser, type Parser } from '../../../../../src/ops/sql/parser.ts';
import { client, type TestDatabase, testDatabase } from '../../../../support/cluster.ts';

let database: TestDatabase;
let session: Session;
let parser: Parser;

beforeAll(async () => {
  parser = await loadParser();
  database = await testDatabase();
  session = await client(database.target());
  await session.sql('CREATE TABLE t (a int, b varchar(10))');
  await session.sql('INSERT INTO t SELECT g, g::text FROM generate_series(1, 10) g');
  await session.sql('CREATE SEQUENCE s');
});
afterAll(() => database.drop());

const REWRITES = new Set(['table_rewrite', 'volatile_default', 'change_column_type']);

async function isRewritten(sql: string): Promise<boolean> {
  const file = async () => (await session.sql(`SELECT pg_relation_filenode('t') AS file`))[0]?.file;
  await session.sql('BEGIN');
  try {
    const before = await file();
    await session.single(sql);
    return before !== (await file());
  } finally {
    await session.sql('ROLLBACK');
  }
}

test.each([
  'ALTER TABLE t ADD c int',
  'ALTER TABLE t ADD c int DEFAULT 5',
  "ALTER TABLE t ADD c jsonb NOT NULL DEFAULT '{}'",
  'ALTER TABLE t ADD c timestamptz DEFAULT now()',
  'ALTER TABLE t ADD c timestamptz DEFAULT current_timestamp',
  "ALTER TABLE t ADD c timestamp DEFAULT (now() AT TIME ZONE 'utc')",
  'ALTER TABLE t ADD c timestamptz DEFAULT clock_timestamp()',
  'ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()',
  'ALTER TABLE t ADD c float DEFAULT random()',
  "ALTER TABLE t ADD c bigint DEFAULT nextval('s')",
  'ALTER TABLE t ADD c serial',
  'ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY',
  'ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) STORED',
  'ALTER TABLE t ALTER a TYPE bigint',
  'ALTER TABLE t SET UNLOGGED',
  'ALTER TABLE t SET (fillfactor = 50)',
  'ALTER TABLE t ALTER a SET NOT NULL',
  'ALTER TABLE t ALTER a SET DEFAULT random()',
])('%s is told to write the table anew when it does', async (sql) => {
  const section = readSection(parser, { sql, file: 'a.sql', line: 1 });
  const migration = {
    version: '1',
    name: 'x',
    file: 'a.sql',
    downFile: undefined,
    up: section,
    down: undefined,
    sums: [],
  };
  const told = lint([migration], 'up').some(({ name }) => REWRITES.has(name));
  expect(told).toBe(await isRewritten(sql));
});

test('a mere widening is told, too, as its text does not say what the column was', async () => {
  expect(await isRewritten('ALTER TABLE t ALTER b TYPE text')).toBe(false);
  const up = readSection(parser, { sql: 'ALTER TABLE t ALTER b TYPE text', file: 'a.sql', line: 1 });
  const migration = {
    version: '1',
    name: 'x',
    file: 'a.sql',
    downFile: undefined,
    up,
    down: undefined,
    sums: [],
  };
  expect(lint([migration], 'up')[0]?.message).toContain('unless it is a mere widening');
});
