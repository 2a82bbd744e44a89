import { ledger as older } from '../drizzle/ledger.ts';
import { appliedRow, command, hasColumnsOf, isoOf, type LedgerTool, textOf } from '../shared/ledger.ts';

/**
 * `drizzle.__drizzle_migrations(id, hash, created_at, name, applied_at)`, as drizzle-orm 1.0 (rc) makes and fills it (its
 * `pg-core/async/session.js`, `up-migrations/pg.js`): a row by the name of the migration's directory.
 */
export const ledger: LedgerTool = {
  ...older,
  renamable: ['id,hash,created_at,name,applied_at'],
  columns: ['id', 'hash', 'created_at', 'name'],
  without: [],
  // its rows get the names of their files in one go: one that had some of them only would have the others run again
  unfit: (columns) =>
    hasColumnsOf(older, columns)
      ? 'is that of drizzle-orm before 1.0, which brings it up itself when it first migrates; run once: npx drizzle-kit migrate'
      : undefined,
  create: (table, schema) => [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${table} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint, name text, applied_at timestamp with time zone DEFAULT now())`,
  ],
  read: async (session, table) => {
    const rows = await session.sql(
      `SELECT name, created_at::text AS created, hash, ${isoOf('applied_at')} AS at FROM ${table} ORDER BY id`,
    );
    return {
      applied: rows.map((row) => {
        const version = textOf(row.name) ?? String(row.created);
        return appliedRow({ version, key: version, applied_at: textOf(row.at), sum: textOf(row.hash) });
      }),
      dirty: [],
    };
  },
  applied: (table, { version, key, sums }) => [
    command(
      `INSERT INTO ${table} ("hash", "created_at", "name") VALUES ($1, $2::bigint, $3)`,
      sums[0],
      key,
      version,
    ),
  ],
  removed: (table, { version }) => [command(`DELETE FROM ${table} WHERE name = $1`, version)],
  forgotten: (table, { key }) => [
    command(`DELETE FROM ${table} WHERE coalesce(name, created_at::text) = $1`, key),
  ],
  accepted: (table, { version, sums }) => [
    command(`UPDATE ${table} SET hash = $2 WHERE name = $1`, version, sums[0]),
  ],
};
