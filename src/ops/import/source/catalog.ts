import type { DatabaseSync } from 'node:sqlite';
import { type CheckText, type Deferrable, type KeyText, readCreateTable } from './sql/create-table.ts';

/** A column as SQLite declares it, which promises nothing of what is in it. */
export interface SourceColumn {
  readonly name: string;
  /** As it is written: `VARCHAR(20)`; empty where nothing is. */
  readonly declared: string;
  readonly notNull: boolean;
  /** The text of its default; undefined where it has none. */
  readonly standard: string | undefined;
  readonly collation: string | undefined;
  readonly checks: readonly CheckText[];
  readonly generated: string | undefined;
}

export interface SourceIndex {
  readonly name: string;
  readonly unique: boolean;
  /** What made it: CREATE INDEX, UNIQUE or PRIMARY KEY. */
  readonly origin: 'c' | 'u' | 'pk';
  /** Undefined for an expression, which only the text has. */
  readonly columns: readonly {
    readonly name: string | undefined;
    readonly descending: boolean;
    readonly collation: string;
  }[];
  /** Of CREATE INDEX. */
  readonly sql: string | undefined;
  readonly partial: boolean;
}

export interface SourceKey {
  readonly name: string | undefined;
  readonly columns: readonly string[];
  readonly parent: string;
  /** Empty where the key of the parent is meant. */
  readonly parentColumns: readonly string[];
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly deferrable: Deferrable;
}

export interface SourceTable {
  readonly name: string;
  readonly columns: readonly SourceColumn[];
  /** In the order of the key. */
  readonly primaryKey: readonly string[];
  /** The column that is the rowid itself, which SQLite numbers. */
  readonly rowid: string | undefined;
  readonly autoincrement: boolean;
  /** The highest number that an AUTOINCREMENT has given; undefined where it has given none. */
  readonly lastNumber: bigint | undefined;
  readonly withoutRowid: boolean;
  readonly strict: boolean;
  readonly checks: readonly CheckText[];
  readonly indexes: readonly SourceIndex[];
  readonly keys: readonly SourceKey[];
}

/** What is in a file beside tables of rows. */
export interface SourceOther {
  readonly kind: 'view' | 'trigger' | 'virtual table';
  readonly name: string;
  readonly sql: string;
}

export interface SourceCatalog {
  readonly tables: readonly SourceTable[];
  readonly others: readonly SourceOther[];
}

type Row = Record<string, unknown>;

/** Everything that a SQLite database declares, its own tables (`sqlite_…`) and those behind virtual tables left out. */
export function readCatalog(database: DatabaseSync): SourceCatalog {
  const rows = (sql: string, ...values: string[]): Row[] => database.prepare(sql).all(...values) as Row[];
  const numbered = new Map<string, bigint>();
  if (rows("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").length > 0)
    for (const { name, seq } of rows('SELECT name, CAST(seq AS TEXT) AS seq FROM sqlite_sequence'))
      if (/^-?\d+$/.test(String(seq))) numbered.set(String(name).toLowerCase(), BigInt(String(seq)));
  const list = rows(
    `SELECT l.name, l.type, l.wr, l.strict, s.sql FROM pragma_table_list AS l
     JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view')
     WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY s.rowid`,
  );
  const tables = list
    .filter(({ type }) => type === 'table')
    .map((row) => tableOf(row, rows, numbered.get(String(row.name).toLowerCase())));
  const others = list
    .filter(({ type }) => type === 'view' || type === 'virtual')
    .map(({ type, name, sql }) => ({
      kind: type === 'view' ? ('view' as const) : ('virtual table' as const),
      name: String(name),
      sql: String(sql),
    }));
  const triggers = rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid").map(
    ({ name, sql }) => ({ kind: 'trigger' as const, name: String(name), sql: String(sql) }),
  );
  return { tables, others: [...others, ...triggers] };
}

type Ask = (sql: string, ...values: string[]) => Row[];

function tableOf(row: Row, rows: Ask, lastNumber: bigint | undefined): SourceTable {
  const name = String(row.name);
  const text = readCreateTable(String(row.sql));
  const said = new Map(text?.columns.map((column) => [column.name.toLowerCase(), column]));
  const columns = rows('SELECT * FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid', name);
  const primaryKey = columns
    .filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a.pk) - Number(b.pk))
    .map((column) => String(column.name));
  const withoutRowid = Number(row.wr) === 1;
  const indexes = rows('SELECT * FROM pragma_index_list(?) ORDER BY seq DESC', name).map((index) =>
    indexOf(index, rows),
  );
  const [only] = primaryKey;
  // only this very word makes a key the rowid, and not in PRIMARY KEY DESC, which has an index of its own
  const isRowid =
    !withoutRowid &&
    primaryKey.length === 1 &&
    columns.some((one) => one.name === only && String(one.type).toUpperCase() === 'INTEGER') &&
    !indexes.some(({ origin }) => origin === 'pk');
  return {
    name,
    columns: columns.map((column) => {
      const about = said.get(String(column.name).toLowerCase());
      return {
        name: String(column.name),
        declared: withoutGenerated(String(column.type)),
        notNull: Number(column.notnull) === 1,
        standard: column.dflt_value === null ? undefined : String(column.dflt_value),
        collation: about?.collation,
        checks: about?.checks ?? [],
        generated: Number(column.hidden) >= 2 ? (about?.generated ?? '') : undefined,
      };
    }),
    primaryKey,
    rowid: isRowid ? only : undefined,
    autoincrement: text?.autoincrement ?? false,
    lastNumber,
    withoutRowid,
    strict: Number(row.strict) === 1,
    checks: text?.checks ?? [],
    indexes,
    keys: keysOf(name, rows, text?.foreignKeys ?? []),
  };
}

/** `total REAL GENERATED ALWAYS AS (…)` has these words in its type. */
const withoutGenerated = (type: string): string => type.replace(/\s*\bGENERATED ALWAYS\s*$/i, '').trim();

function indexOf(index: Row, rows: Ask): SourceIndex {
  const name = String(index.name);
  const [made] = rows("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", name);
  return {
    name,
    unique: Number(index.unique) === 1,
    origin: String(index.origin) as SourceIndex['origin'],
    partial: Number(index.partial) === 1,
    columns: rows('SELECT * FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno', name).map((column) => ({
      name: Number(column.cid) >= 0 ? String(column.name) : undefined,
      descending: Number(column.desc) === 1,
      collation: String(column.coll),
    })),
    sql: typeof made?.sql === 'string' ? made.sql : undefined,
  };
}

/** SQLite counts them from the last one that is written; a name, and when it is looked at, stands in the text only. */
function keysOf(table: string, rows: Ask, texts: readonly KeyText[]): SourceKey[] {
  const keys = new Map<number, Row[]>();
  for (const row of rows('SELECT * FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq', table))
    keys.set(Number(row.id), [...(keys.get(Number(row.id)) ?? []), row]);
  return [...keys.values()].map((parts, at) => ({
    name: keys.size === texts.length ? texts[at]?.name : undefined,
    columns: parts.map(({ from }) => String(from)),
    parent: String(parts[0]?.table),
    parentColumns: parts.flatMap(({ to }) => (to === null ? [] : [String(to)])),
    onUpdate: String(parts[0]?.on_update),
    onDelete: String(parts[0]?.on_delete),
    deferrable: (keys.size === texts.length ? texts[at]?.deferrable : undefined) ?? '',
  }));
}
