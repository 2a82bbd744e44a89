import type { Migration } from '../../files/migration.ts';
import type { Command, DirtyRow } from '../../history/rows.ts';
import { appliedRow, command, type LedgerTool } from '../shared/ledger.ts';

/**
 * `schema_migrations(version, dirty)`: one row, the version the database is at; all up to it are applied. Going down
 * marks the version it goes to; -1 stands for the empty database while it is dirty, no row otherwise.
 */
export const ledger: LedgerTool = {
  tableName: 'schema_migrations',
  newestOnly: true,
  columns: ['version', 'dirty'],
  create: (table) => [
    `CREATE TABLE IF NOT EXISTS ${table} (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`,
  ],
  read: async (session, table, { migrations, others }) => {
    const [row] = await session.sql(`SELECT version::text AS version, dirty FROM ${table} LIMIT 1`);
    if (row === undefined) return { applied: [], dirty: [] };
    const current = String(row.version);
    const dirty = row.dirty === true;
    const versions = [...new Set([...migrations.map(({ version }) => version), ...others.filter(isNumber)])];
    if (current !== '-1' && !versions.includes(current)) versions.push(current);
    const reached = versions.filter((version) =>
      dirty ? before(version, current) : !before(current, version),
    );
    return {
      applied: reached
        .sort((a, b) => (before(a, b) ? -1 : 1))
        .map((version) => appliedRow({ version, key: version })),
      dirty: dirty ? [dirtyRow(current, migrations)] : [],
    };
  },
  applied: (table, { version }) => at(table, version, false),
  removed: (table, _migration, { previous }) => at(table, previous, false),
  begun: (table, migration, direction, { previous }) =>
    at(table, reached(migration, direction, previous), true),
  abandoned: (table, migration, direction, { previous }) =>
    at(table, direction === 'up' ? previous : migration.version, false),
  forgotten: (table, { key }, { previous }) => [
    previous === undefined
      ? command(`DELETE FROM ${table} WHERE version = $1::bigint`, key)
      : command(
          `UPDATE ${table} SET version = $2::bigint, dirty = false WHERE version = $1::bigint`,
          key,
          previous,
        ),
  ],
};

/** Its mark does not say the direction, but to the empty database only the way down of the first one leads. */
function dirtyRow(current: string, migrations: readonly Migration[]): DirtyRow {
  const [first] = migrations;
  const toEmpty = current === '-1' && first !== undefined;
  const version = toEmpty ? first.version : current;
  const name = migrations.find((one) => one.version === version)?.name ?? null;
  const unknown = { done: null, of: null, begun_at: null, run: null };
  return { version, name, direction: toEmpty ? 'down' : null, ...unknown };
}

const isNumber = (version: string): boolean => /^\d+$/.test(version);

const before = (a: string, b: string): boolean => BigInt(a) < BigInt(b);

const reached = (
  { version }: Migration,
  direction: 'up' | 'down',
  previous: string | undefined,
): string | undefined => (direction === 'up' ? version : previous);

function at(table: string, version: string | undefined, dirty: boolean): Command[] {
  const gone = command(`DELETE FROM ${table}`);
  if (version === undefined && !dirty) return [gone];
  return [
    gone,
    command(`INSERT INTO ${table} (version, dirty) VALUES ($1::bigint, $2)`, version ?? '-1', dirty),
  ];
}
