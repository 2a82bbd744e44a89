import { appliedRow, command, type LedgerTool, textOf } from '../shared/ledger.ts';

/**
 * `drizzle.__drizzle_migrations(id, hash, created_at)`, as drizzle-orm 0.45 makes and fills it (its
 * `pg-core/dialect.ts` and `migrator.ts`): a row for each entry of the journal, by the entry's time. Of these the newest is all that
 * Drizzle looks at: what is older counts as applied there.
 */
export const ledger: LedgerTool = {
  tableName: '__drizzle_migrations',
  schema: 'drizzle',
  columns: ['id', 'hash', 'created_at'],
  without: ['name'],
  renamable: ['id,hash,created_at'],
  unfit: (columns) =>
    ['hash', 'created_at', 'name'].every((column) => columns.includes(column))
      ? 'is that of drizzle-orm 1, and the files are those of drizzle-kit before it; bring them up with: npx drizzle-kit up'
      : undefined,
  create: (table, schema) => [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE TABLE IF NOT EXISTS ${table} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
  ],
  read: async (session, table, { migrations }) => {
    const versions = new Map(migrations.map(({ key, version }) => [key, version]));
    const rows = await session.sql(
      `SELECT created_at::text AS key, hash FROM ${table} ORDER BY created_at, id`,
    );
    return {
      applied: rows.map((row) => {
        const key = String(row.key);
        return appliedRow({ version: versions.get(key) ?? key, key, sum: textOf(row.hash) });
      }),
      dirty: [],
    };
  },
  applied: (table, { key, sums }) => [
    command(`INSERT INTO ${table} ("hash", "created_at") VALUES ($1, $2::bigint)`, sums[0], key),
  ],
  removed: (table, { key }) => [command(`DELETE FROM ${table} WHERE created_at = $1::bigint`, key)],
  // a row without a time is there as 'null'
  forgotten: (table, { key }) => [
    command(`DELETE FROM ${table} WHERE created_at IS NOT DISTINCT FROM nullif($1, 'null')::bigint`, key),
  ],
  accepted: (table, { key, sums }) => [
    command(`UPDATE ${table} SET hash = $2 WHERE created_at = $1::bigint`, key, sums[0]),
  ],
};
