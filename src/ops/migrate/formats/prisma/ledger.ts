import type { AppliedRow, DirtyRow } from '../../history/rows.ts';
import { appliedRow, command, isoOf, type LedgerTool, textOf } from '../shared/ledger.ts';

/** Of a migration that was begun and neither finished nor given up. */
const OPEN = 'finished_at IS NULL AND rolled_back_at IS NULL';

/**
 * `_prisma_migrations`, as the schema engine of Prisma 7 makes and fills it (prisma-engines:
 * `flavour/postgres.rs`, `sql_migration_persistence.rs`, `checksum.rs`). A row is a try of a migration: it counts when it is finished and
 * not rolled back; one that is neither stops Prisma. Prisma compares the schema with its files, so that our own table
 * stands in another one.
 */
export const ledger: LedgerTool = {
  tableName: '_prisma_migrations',
  companionSchema: 'pgdeck',
  columns: ['migration_name', 'checksum', 'finished_at', 'rolled_back_at'],
  create: (table) => [
    `CREATE TABLE IF NOT EXISTS ${table} (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`,
  ],
  read: async (session, table) => {
    const rows = await session.sql(
      `SELECT migration_name::text AS version, checksum::text AS sum, ${isoOf('finished_at')} AS finished, ${isoOf('started_at')} AS started FROM ${table} WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`,
    );
    const applied = new Map<string, AppliedRow>();
    const dirty = new Map<string, DirtyRow>();
    for (const row of rows) {
      const version = String(row.version);
      const name = version.replace(/^\d+_/, '');
      const finished = textOf(row.finished);
      if (finished === null)
        dirty.set(version, {
          ...{ version, name, direction: null, done: null, of: null, run: null },
          begun_at: textOf(row.started),
        });
      else
        applied.set(
          version,
          appliedRow({ version, key: version, name, applied_at: finished, sum: textOf(row.sum) }),
        );
    }
    // one that is open stops Prisma (P3009), whatever other tries have finished
    for (const version of dirty.keys()) applied.delete(version);
    return { applied: [...applied.values()], dirty: [...dirty.values()] };
  },
  applied: (table, { version, sums }, _writing, ms) => [
    command(`DELETE FROM ${table} WHERE migration_name = $1 AND ${OPEN}`, version),
    command(
      `INSERT INTO ${table} (id, checksum, finished_at, migration_name, started_at, applied_steps_count) VALUES (gen_random_uuid()::text, $2, clock_timestamp(), $1, clock_timestamp() - $3::float8 * interval '1 ms', 1)`,
      version,
      sums[0],
      ms,
    ),
  ],
  // as prisma migrate resolve --rolled-back says it: Prisma would apply it again
  removed: (table, { version }) => [
    command(
      `UPDATE ${table} SET rolled_back_at = clock_timestamp() WHERE migration_name = $1 AND rolled_back_at IS NULL`,
      version,
    ),
  ],
  begun: (table, { version, sums }, direction) =>
    direction === 'down'
      ? []
      : [
          command(`DELETE FROM ${table} WHERE migration_name = $1 AND ${OPEN}`, version),
          command(
            `INSERT INTO ${table} (id, checksum, migration_name, started_at) VALUES (gen_random_uuid()::text, $2, $1, clock_timestamp())`,
            version,
            sums[0],
          ),
        ],
  abandoned: (table, { version }, direction) =>
    direction === 'down'
      ? []
      : [
          command(
            `UPDATE ${table} SET rolled_back_at = clock_timestamp() WHERE migration_name = $1 AND ${OPEN}`,
            version,
          ),
        ],
  forgotten: (table, { key }) => [command(`DELETE FROM ${table} WHERE migration_name = $1`, key)],
  accepted: (table, { version, sums }) => [
    command(
      `UPDATE ${table} SET checksum = $2 WHERE migration_name = $1 AND rolled_back_at IS NULL`,
      version,
      sums[0],
    ),
  ],
};
