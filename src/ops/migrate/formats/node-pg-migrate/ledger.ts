import type { Migration } from '../../files/migration.ts';
import { appliedRow, command, type LedgerTool, localIsoOf, textOf } from '../shared/ledger.ts';

/** `pgmigrations(id, name, run_on)`: a row for each file, by its name without its ending. */
export const ledger: LedgerTool = {
  tableName: 'pgmigrations',
  columns: ['id', 'name', 'run_on'],
  create: (table) => [
    `CREATE TABLE IF NOT EXISTS ${table} (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)`,
  ],
  read: async (session, table, { migrations }) => {
    const versions = new Map(migrations.map((migration) => [keyOf(migration), migration.version]));
    const rows = await session.sql(
      `SELECT name::text AS name, ${localIsoOf('run_on')} AS at FROM ${table} ORDER BY run_on, id`,
    );
    return {
      applied: rows.map((row) => {
        const key = String(row.name);
        const [, prefix, name = key] = /^(\d+)[_-](.+)$/.exec(key) ?? [];
        const version = versions.get(key) ?? prefix ?? key;
        return appliedRow({ version, key, name, applied_at: textOf(row.at) });
      }),
      dirty: [],
    };
  },
  applied: (table, migration) => [
    command(`INSERT INTO ${table} (name, run_on) VALUES ($1, now())`, keyOf(migration)),
  ],
  removed: (table, migration) => [command(`DELETE FROM ${table} WHERE name = $1`, keyOf(migration))],
  forgotten: (table, { key }) => [command(`DELETE FROM ${table} WHERE name = $1`, key)],
};

const keyOf = ({ file }: Migration): string => file.replace(/(\.up)?\.sql$/, '');
