import { basename } from 'node:path';
import { appliedRow, command, type LedgerTool, type Writing } from '../shared/ledger.ts';

/**
 * `hdb_catalog.hdb_version.cli_state`, where the CLI of Hasura 2 keeps `{"migrations": {DATABASE: {VERSION: dirty}}}`
 * (its `cli/internal/statestore`), the database by the name of its directory. It is in the metadata database: only
 * where that is this one can it be read, and nobody but Hasura makes it.
 */
export const ledger: LedgerTool = {
  tableName: 'hdb_version',
  schema: 'hdb_catalog',
  // a catalog that Hasura drops when it is cleaned
  companionSchema: 'pgdeck',
  absent:
    'Hasura keeps its history in hdb_catalog.hdb_version of its metadata database, and this database has none; run these migrations with: hasura migrate apply',
  columns: ['hasura_uuid', 'cli_state'],
  create: () => [],
  read: async (session, table, { directory }) => {
    const rows = await session.sql(
      `SELECT key, value = 'true' AS dirty FROM ${table}, jsonb_each_text(coalesce(cli_state::jsonb -> 'migrations' -> $1, '{}')) ORDER BY length(key), key`,
      [basename(directory)],
    );
    const versions = rows.map(({ key, dirty }) => ({ version: String(key), dirty: dirty === true }));
    const unknown = { name: null, direction: null, done: null, of: null, begun_at: null, run: null };
    return {
      applied: versions.flatMap(({ version, dirty }) => (dirty ? [] : appliedRow({ version, key: version }))),
      dirty: versions.flatMap(({ version, dirty }) => (dirty ? { version, ...unknown } : [])),
    };
  },
  applied: (table, { version }, around) => set(table, version, false, around),
  removed: (table, { version }, around) => unset(table, version, around),
  begun: (table, { version }, _direction, around) => set(table, version, true, around),
  abandoned: (table, { version }, direction, around) =>
    direction === 'up' ? unset(table, version, around) : set(table, version, false, around),
  forgotten: (table, { key }, around) => unset(table, key, around),
};

const set = (table: string, version: string, dirty: boolean, { directory }: Writing) => [
  command(
    `UPDATE ${table} SET cli_state = cli_state || jsonb_build_object('migrations', coalesce(cli_state -> 'migrations', '{}') || jsonb_build_object($1::text, coalesce(cli_state -> 'migrations' -> $1, '{}') || jsonb_build_object($2::text, $3::boolean)))`,
    basename(directory),
    version,
    dirty,
  ),
];

const unset = (table: string, version: string, { directory }: Writing) => [
  command(
    `UPDATE ${table} SET cli_state = cli_state #- ARRAY['migrations', $1, $2]`,
    basename(directory),
    version,
  ),
];
