import { appliedRow, command, type LedgerTool, textOf } from '../shared/ledger.ts';
import { statementsOf } from './statements.ts';

/**
 * `supabase_migrations.schema_migrations(version, statements, name)`, as the Supabase CLI 3 makes and fills it
 * (`pkg/migration/history.go`, `file.go`).
 */
export const ledger: LedgerTool = {
  tableName: 'schema_migrations',
  schema: 'supabase_migrations',
  columns: ['version'],
  create: (table, schema) => [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${table} (version text NOT NULL PRIMARY KEY)`,
    `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS statements text[]`,
    `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS name text`,
  ],
  // a table of the CLI's first versions has the version only
  read: async (session, table) => {
    const rows = await session.sql(
      `SELECT to_jsonb(m) ->> 'version' AS version, to_jsonb(m) ->> 'name' AS name FROM ${table} m ORDER BY 1`,
    );
    return {
      applied: rows.map((row) => {
        const version = String(row.version);
        return appliedRow({ version, key: version, name: textOf(row.name) });
      }),
      dirty: [],
    };
  },
  applied: (table, { version, name, up }) => [
    command(
      `INSERT INTO ${table} (version, name, statements) VALUES ($1, $2, $3::text[])`,
      version,
      name,
      statementsOf(up),
    ),
  ],
  removed: (table, { version }) => [command(`DELETE FROM ${table} WHERE version = $1`, version)],
  forgotten: (table, { key }) => [command(`DELETE FROM ${table} WHERE version = $1`, key)],
  accepted: (table, { version, name, up }) => [
    command(
      `UPDATE ${table} SET name = $2, statements = $3::text[] WHERE version = $1`,
      version,
      name,
      statementsOf(up),
    ),
  ],
};
