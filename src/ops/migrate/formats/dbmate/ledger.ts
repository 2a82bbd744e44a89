import { appliedRow, command, type LedgerTool } from '../shared/ledger.ts';

/** `schema_migrations(version)`: a row for each version, as text. */
export const ledger: LedgerTool = {
  tableName: 'schema_migrations',
  columns: ['version'],
  without: ['dirty'],
  create: (table) => [`CREATE TABLE IF NOT EXISTS ${table} (version varchar PRIMARY KEY)`],
  read: async (session, table) => {
    const rows = await session.sql(`SELECT version::text AS version FROM ${table} ORDER BY version`);
    return {
      applied: rows.map((row) => appliedRow({ version: String(row.version), key: String(row.version) })),
      dirty: [],
    };
  },
  applied: (table, { version }) => [command(`INSERT INTO ${table} (version) VALUES ($1)`, version)],
  removed: (table, { version }) => [command(`DELETE FROM ${table} WHERE version = $1`, version)],
  forgotten: (table, { key }) => [command(`DELETE FROM ${table} WHERE version = $1`, key)],
};
