import { appliedRow, command, isoOf, type LedgerTool, numberOf, textOf } from '../shared/ledger.ts';

/**
 * `_sqlx_migrations`, as sqlx 0.8 makes and fills it (`sqlx-postgres/src/migrate.rs`, `sqlx-core/src/migrate`): the
 * checksum is SHA-384 of the file, the time is in nanoseconds. A row that was not successful stops sqlx, as a checksum
 * does that is another.
 */
export const ledger: LedgerTool = {
  tableName: '_sqlx_migrations',
  columns: ['version', 'description', 'success', 'checksum', 'execution_time'],
  create: (table) => [
    `CREATE TABLE IF NOT EXISTS ${table} (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)`,
  ],
  read: async (session, table) => {
    const rows = await session.sql(
      `SELECT version::text AS version, description, ${isoOf('installed_on')} AS at, success, encode(checksum, 'hex') AS sum, (execution_time / 1000000)::text AS ms FROM ${table} ORDER BY version`,
    );
    const of = (row: (typeof rows)[number]) => ({
      version: String(row.version),
      name: textOf(row.description),
      at: textOf(row.at),
    });
    return {
      applied: rows
        .filter(({ success }) => success === true)
        .map((row) => {
          const { version, name, at } = of(row);
          const sum = textOf(row.sum);
          return appliedRow({
            version,
            key: version,
            name,
            applied_at: at,
            sum,
            execution_ms: numberOf(row.ms),
          });
        }),
      dirty: rows
        .filter(({ success }) => success !== true)
        .map((row) => {
          const { version, name, at } = of(row);
          return { version, name, direction: null, done: null, of: null, begun_at: at, run: null };
        }),
    };
  },
  applied: (table, { version, name, sums }, _writing, ms) => [
    command(`DELETE FROM ${table} WHERE version = $1::bigint AND NOT success`, version),
    command(
      `INSERT INTO ${table} (version, description, success, checksum, execution_time) VALUES ($1::bigint, $2, true, decode($3, 'hex'), $4::bigint)`,
      version,
      name,
      sums[0],
      Math.round(ms * 1_000_000),
    ),
  ],
  removed: (table, { version }) => [command(`DELETE FROM ${table} WHERE version = $1::bigint`, version)],
  // sqlx would begin it anew from its first statement, unless it finds one that failed
  begun: (table, { version, name, sums }, direction) => [
    direction === 'up'
      ? command(
          `INSERT INTO ${table} (version, description, success, checksum, execution_time) VALUES ($1::bigint, $2, false, decode($3, 'hex'), -1) ON CONFLICT (version) DO UPDATE SET success = false`,
          version,
          name,
          sums[0],
        )
      : command(`UPDATE ${table} SET success = false WHERE version = $1::bigint`, version),
  ],
  abandoned: (table, { version }, direction) => [
    direction === 'up'
      ? command(`DELETE FROM ${table} WHERE version = $1::bigint`, version)
      : command(`UPDATE ${table} SET success = true WHERE version = $1::bigint`, version),
  ],
  forgotten: (table, { key }) => [command(`DELETE FROM ${table} WHERE version = $1::bigint`, key)],
  accepted: (table, { version, sums }) => [
    command(`UPDATE ${table} SET checksum = decode($2, 'hex') WHERE version = $1::bigint`, version, sums[0]),
  ],
};
