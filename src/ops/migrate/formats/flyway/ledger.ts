import type { AppliedRow, DirtyRow } from '../../history/rows.ts';
import { appliedRow, type LedgerTool, localIsoOf, numberOf, textOf } from '../shared/ledger.ts';
import { repeatable } from '../shared/repeatable.ts';
import { compareVersions, plainVersion } from './version.ts';

/**
 * `flyway_schema_history`: read only. A later row of a version takes an earlier one back (UNDO_SQL, DELETE); a baseline
 * stands for every version up to it. A repeatable migration has no version, and a row for each time it was applied.
 */
export const ledger: LedgerTool = {
  tableName: 'flyway_schema_history',
  readOnly:
    'The history is in the table of Flyway, which pgdeck only reads; run these migrations with Flyway.',
  fits: (columns) => columns.includes('installed_rank') && columns.includes('success'),
  create: () => [],
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
      applied.delete(version);
      dirty.delete(version);
      if (row.success !== true)
        dirty.set(version, { version, name, direction: null, done: null, of: null, begun_at: at, run: null });
      else if (type.endsWith('BASELINE')) {
        const covered = migrations.filter(
          (one) => one.kind === undefined && compareVersions(one.version, version) <= 0,
        );
        for (const one of covered)
          applied.set(one.version, appliedRow({ version: one.version, key: one.version, applied_at: at }));
      } else if (!type.startsWith('UNDO') && type !== 'DELETE')
        applied.set(
          version,
          appliedRow({
            version,
            key: version,
            name,
            applied_at: at,
            sum: textOf(row.checksum),
            applied_by: textOf(row.applied_by),
            execution_ms: numberOf(row.execution_time),
          }),
        );
    }
    return { applied: [...applied.values()], dirty: [...dirty.values()] };
  },
  applied: () => [],
  removed: () => [],
  forgotten: () => [],
};
