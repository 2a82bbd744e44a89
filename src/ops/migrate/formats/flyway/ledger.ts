import { basename } from 'node:path';
import type { Migration } from '../../files/migration.ts';
import type { AppliedRow, Command, DirtyRow } from '../../history/rows.ts';
import { appliedRow, command, type LedgerTool, localIsoOf, numberOf, textOf } from '../shared/ledger.ts';
import { isRepeatable, repeatable } from '../shared/repeatable.ts';
import { flywayChecksum } from './reader.ts';
import { compareVersions, plainVersion } from './version.ts';

const NAME = 'flyway_schema_history';

/**
 * `flyway_schema_history`, as Flyway 10 makes and fills it (`PostgreSQLDatabase.java`, `JdbcTableSchemaHistory.java`).
 * A later row of a version takes an earlier one back (UNDO_SQL, DELETE); a baseline stands for every version up to it.
 * A repeatable migration has no version, and a row for each time it was applied. One that failed stops Flyway.
 */
export const ledger: LedgerTool = {
  tableName: NAME,
  formerlyOurs: true,
  columns: ['installed_rank', 'success'],
  create: (table) => [
    `CREATE TABLE IF NOT EXISTS ${table} ("installed_rank" INT NOT NULL, "version" VARCHAR(50), "description" VARCHAR(200) NOT NULL, "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INTEGER, "installed_by" VARCHAR(100) NOT NULL, "installed_on" TIMESTAMP NOT NULL DEFAULT now(), "execution_time" INTEGER NOT NULL, "success" BOOLEAN NOT NULL, CONSTRAINT "${NAME}_pk" PRIMARY KEY ("installed_rank"))`,
    `CREATE INDEX IF NOT EXISTS "${NAME}_s_idx" ON ${table} ("success")`,
  ],
  read: async (session, table, { migrations }) => {
    const rows = await session.sql(
      `SELECT version::text AS version, description::text AS name, type::text AS type, checksum, success, installed_by::text AS applied_by, ${localIsoOf('installed_on')} AS at, execution_time FROM ${table} WHERE version IS NOT NULL OR type NOT IN ('SCHEMA', 'TABLE') ORDER BY installed_rank`,
    );
    const applied = new Map<string, AppliedRow>();
    const dirty = new Map<string, DirtyRow>();
    for (const row of rows) {
      const version =
        row.version === null
          ? repeatable(String(row.name))
          : /^\d+([._]\d+)*$/.test(String(row.version))
            ? plainVersion(String(row.version))
            : String(row.version);
      const type = String(row.type);
      const name = textOf(row.name);
      const at = textOf(row.at);
      const known = (as: string): AppliedRow =>
        appliedRow({
          version: as,
          key: String(row.version),
          name,
          applied_at: at,
          sum: textOf(row.checksum),
          applied_by: textOf(row.applied_by),
          execution_ms: numberOf(row.execution_time),
        });
      applied.delete(version);
      dirty.delete(version);
      if (row.success !== true)
        dirty.set(version, { version, name, direction: null, done: null, of: null, begun_at: at, run: null });
      else if (type === 'SQL_BASELINE' && migrations.some((one) => one.version === `B${version}`))
        applied.set(`B${version}`, known(`B${version}`));
      else if (type.endsWith('BASELINE')) {
        const covered = migrations.filter(
          (one) => one.kind === undefined && compareVersions(one.version, version) <= 0,
        );
        for (const one of covered)
          applied.set(one.version, appliedRow({ version: one.version, key: one.version, applied_at: at }));
      } else if (!type.startsWith('UNDO') && type !== 'DELETE') applied.set(version, known(version));
    }
    return { applied: [...applied.values()], dirty: [...dirty.values()] };
  },
  applied: (table, migration, _writing, ms) => [
    unfailed(table, migration),
    row(table, migration, migration.kind === 'baseline' ? 'SQL_BASELINE' : 'SQL', true, ms),
  ],
  removed: (table, migration, _writing, ms) => [row(table, migration, 'UNDO_SQL', true, ms)],
  begun: (table, migration, direction) =>
    direction === 'down' ? [] : [unfailed(table, migration), row(table, migration, 'SQL', false, 0)],
  abandoned: (table, migration, direction) => (direction === 'down' ? [] : [unfailed(table, migration)]),
  // as flyway repair leaves it
  forgotten: (table, { key, version, name }) => [
    isRepeatable(version)
      ? command(`DELETE FROM ${table} WHERE version IS NULL AND description = $1`, name)
      : command(`DELETE FROM ${table} WHERE version = $1`, key),
  ],
  accepted: (table, migration) => [
    command(
      `UPDATE ${table} SET description = $2, checksum = $3::integer WHERE version = $1 AND type NOT LIKE 'UNDO%'`,
      writtenVersion(migration),
      migration.name,
      migration.sums[0],
    ),
  ],
};

/** As the file has it: Flyway writes `005` and `1.0`, and takes them for 5 and 1. */
const writtenVersion = ({ file }: Migration): string | null =>
  /^[VB]([\d._]*\d)__/.exec(basename(file))?.[1]?.replaceAll('_', '.') ?? null;

function row(table: string, migration: Migration, type: string, success: boolean, ms: number): Command {
  const { name, file, downFile, down, sums } = migration;
  const undo = type === 'UNDO_SQL';
  return command(
    `INSERT INTO ${table} (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success) SELECT coalesce(max(installed_rank), 0) + 1, $1, $2, $3, $4, $5::integer, current_user, $6::integer, $7 FROM ${table}`,
    writtenVersion(migration),
    name,
    type,
    undo ? (downFile ?? file) : file,
    undo ? flywayChecksum(down?.sql ?? '') : sums[0],
    Math.round(ms),
    success,
  );
}

/** The row of one that failed goes, as with flyway repair. */
const unfailed = (table: string, migration: Migration): Command => {
  const version = writtenVersion(migration);
  return version === null
    ? command(
        `DELETE FROM ${table} WHERE NOT success AND version IS NULL AND description = $1`,
        migration.name,
      )
    : command(`DELETE FROM ${table} WHERE NOT success AND version = $1`, version);
};
