import { expect, test } from 'vitest';
import { reachesOutside } from '../../../../src/ops/migrate/sql/outside.ts';
import { split } from '../../../../src/ops/migrate/sql/split.ts';
import { loadParser } from '../../../../src/ops/sql/parser.ts';

async function statement(sql: string) {
  const cut = split(await loadParser(), { sql, file: 'x.sql', line: 1 });
  if (!cut.ok || cut.statements[0] === undefined) throw new Error(`${sql} cannot be read.`);
  return cut.statements[0];
}

test.each([
  'CREATE ROLE app LOGIN',
  'CREATE USER app',
  'GRANT reader TO app',
  'ALTER ROLE app IN DATABASE shop SET search_path = app',
  'DROP OWNED BY app',
  'ALTER DATABASE shop SET timezone = utc',
  'ALTER DATABASE shop OWNER TO app',
  'ALTER DATABASE shop RENAME TO store',
  'GRANT CONNECT ON DATABASE shop TO app',
  "COMMENT ON DATABASE shop IS 'x'",
  'ALTER SYSTEM SET work_mem = 1024',
  "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p",
  'ALTER SUBSCRIPTION s ENABLE',
  'DROP SUBSCRIPTION s',
  "COPY t TO '/etc/passwd'",
  "COPY t TO PROGRAM 'mail'",
  'DO $$ BEGIN IF true THEN CREATE  ROLE app; END IF; END $$',
  "SELECT pg_create_physical_replication_slot('x')",
  "SELECT * FROM pg_create_logical_replication_slot ('x', 'pgoutput')",
  'DO $$ BEGIN PERFORM pg_catalog.pg_reload_conf(); END $$',
  "SELECT lo_export(1, '/tmp/x')",
  'SELECT pg_terminate_backend(pid) FROM pg_stat_activity',
  "INSERT INTO t SELECT * FROM dblink('host=x', 'SELECT 1') AS a (i int)",
])('%s reaches the server', async (sql) => {
  expect(reachesOutside(await statement(sql))).toBe(true);
});

test.each([
  'CREATE TABLE roles (create_role text)',
  'GRANT SELECT ON t TO app',
  "COPY t FROM '/srv/rows'",
  'ALTER TABLE t OWNER TO app',
  "COMMENT ON TABLE t IS 'ALTER SYSTEM'",
  'ALTER TABLE t RENAME TO u',
  'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app',
  'DO $$ BEGIN ALTER TABLE t ADD COLUMN role text; END $$',
  'CREATE INDEX CONCURRENTLY i ON t (id)',
  'SELECT lo_exports(1)',
  'CREATE FUNCTION f() RETURNS bool LANGUAGE sql AS $$ SELECT pg_reload_conf() $$',
])('%s stays in its database', async (sql) => {
  expect(reachesOutside(await statement(sql))).toBe(false);
});
