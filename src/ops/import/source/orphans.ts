import type { DatabaseSync } from 'node:sqlite';
import type { SourceKey, SourceTable } from './catalog.ts';
import { quoted, rowidOf } from './rows.ts';

/** Rows of one table that break one of its foreign keys. */
export interface Orphans {
  readonly table: string;
  readonly parent: string;
  readonly rows: number;
  /** The rowids of the first few, `5, 9`; null in a table that has none. */
  readonly keys: string | null;
}

/** How many rowids of them are told. */
const FEW = 5;

export function orphansOf(database: DatabaseSync): Orphans[] {
  try {
    return database
      .prepare(
        `SELECT "table" AS "table", parent, count(*) AS rows, group_concat(CASE WHEN nr <= ${FEW} THEN rowid END, ', ') AS keys
         FROM (SELECT "table", parent, rowid, row_number() OVER (PARTITION BY "table", parent ORDER BY rowid) AS nr
                 FROM pragma_foreign_key_check) GROUP BY 1, 2 ORDER BY 1, 2`,
      )
      .all() as unknown as Orphans[];
  } catch {
    // a key to a table or columns that are not there, which the catalog tells too
    return [];
  }
}

/** A row that is left out, since the one that it refers to is not there. */
export interface Orphan {
  readonly key: SourceKey;
  readonly reason: string;
}

/** By the name of the table, and by the rowid as it is written. */
export type OrphanRows = ReadonlyMap<string, ReadonlyMap<string, Orphan>>;

type Found = Map<string, Map<string, Orphan>>;

/**
 * Rows that refer to nothing, and those that refer to one that is left out itself: one of them, or one of `left` by their
 * rowids. Keys to tables that are not among these do not count, nor do rows of tables without rowids, which nothing names.
 */
export function orphanRows(
  database: DatabaseSync,
  tables: readonly SourceTable[],
  left: ReadonlyMap<string, readonly string[]>,
): OrphanRows {
  const found: Found = new Map();
  const news = new Map(tables.map(({ name }) => [name, [...(left.get(name) ?? [])]]));
  for (const table of tables)
    for (const [rowid, key] of withoutParent(database, table, tables))
      if (note(found, table, rowid, { key, reason: `it refers to nothing in ${key.parent}` }))
        news.get(table.name)?.push(rowid);
  while ([...news.values()].some(({ length }) => length > 0))
    for (const parent of tables) {
      const gone = news.get(parent.name)?.splice(0) ?? [];
      for (const table of gone.length === 0 ? [] : tables)
        for (const key of table.keys.filter((one) => isSame(one.parent, parent.name)))
          for (const rowid of childrenOf(database, table, key, parent, gone)) {
            const reason = `it refers to a row of ${parent.name} that is left out`;
            if (note(found, table, rowid, { key, reason })) news.get(table.name)?.push(rowid);
          }
    }
  return found;
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** True where it was not known yet. */
function note(found: Found, { name }: SourceTable, rowid: string, orphan: Orphan): boolean {
  const known = found.get(name) ?? new Map<string, Orphan>();
  found.set(name, known);
  if (known.has(rowid)) return false;
  known.set(rowid, orphan);
  return true;
}

function* withoutParent(
  database: DatabaseSync,
  table: SourceTable,
  tables: readonly SourceTable[],
): Generator<[rowid: string, key: SourceKey]> {
  try {
    const statement = database.prepare(
      'SELECT CAST(rowid AS TEXT) AS id, fkid FROM pragma_foreign_key_check(?) WHERE rowid IS NOT NULL ORDER BY rowid',
    );
    for (const { id, fkid } of statement.iterate(table.name)) {
      // SQLite counts them from the last one
      const key = table.keys[table.keys.length - 1 - Number(fkid)];
      if (key !== undefined && tables.some(({ name }) => isSame(name, key.parent))) yield [String(id), key];
    }
  } catch {
    // a key to a table or columns that are not there
  }
}

/** The rows of a table that refer to these of another one. */
function childrenOf(
  database: DatabaseSync,
  table: SourceTable,
  key: SourceKey,
  parent: SourceTable,
  gone: readonly string[],
): string[] {
  const [child, above] = [rowidOf(table), rowidOf(parent)];
  const columns = key.parentColumns.length > 0 ? key.parentColumns : parent.primaryKey;
  if (child === undefined || above === undefined || table.withoutRowid || parent.withoutRowid) return [];
  if (columns.length !== key.columns.length) return [];
  const same = columns.map((name, at) => `p.${quoted(name)} = c.${quoted(key.columns[at] ?? '')}`);
  return database
    .prepare(
      `SELECT CAST(c.${quoted(child)} AS TEXT) AS id FROM ${quoted(table.name)} AS c JOIN ${quoted(parent.name)} AS p ON ${same.join(' AND ')}
       WHERE p.${quoted(above)} IN (SELECT value FROM json_each(?)) ORDER BY c.${quoted(child)}`,
    )
    .all(`[${gone.join(',')}]`)
    .map(({ id }) => String(id));
}
