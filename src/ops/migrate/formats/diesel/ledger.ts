import { appliedRow, command, type LedgerTool, localIsoOf, textOf } from '../shared/ledger.ts';

/**
 * `__diesel_schema_migrations(version, run_on)`, as diesel 2 makes and fills it (`setup_migration_table.sql`,
 * `migration_harness.rs`). Version 00000000000000 is Diesel's own helper functions, which its directory has as well.
 */
export const ledger: LedgerTool = {
  tableName: '__diesel_schema_migrations',
  columns: ['version', 'run_on'],
  create: (table) => [
    `CREATE TABLE IF NOT EXISTS ${table} (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
  ],
  read: async (session, table) => {
    const rows = await session.sql(
      `SELECT version::text AS version, ${localIsoOf('run_on')} AS at FROM ${table} ORDER BY version`,
    );
    return {
      applied: rows.map(({ version, at }) =>
        appliedRow({ version: String(version), key: String(version), applied_at: textOf(at) }),
      ),
      dirty: [],
    };
  },
  applied: (table, { version }) => [command(`INSERT INTO ${table} (version) VALUES ($1)`, version)],
  removed: (table, { version }) => [command(`DELETE FROM ${table} WHERE version = $1`, version)],
  forgotten: (table, { key }) => [command(`DELETE FROM ${table} WHERE version = $1`, key)],
};
