import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { How } from '../convert/how.ts';
import type { SourceIndex, SourceKey, SourceTable } from '../source/catalog.ts';
import { readCreateIndex } from '../source/sql/create-index.ts';
import { defaultOf } from './defaults.ts';
import { columnNames, Names } from './names.ts';
import type { Later, Manual, ShapedColumn, ShapedTable } from './shape.ts';
import { type Columns, translate } from './translate.ts';

/** A table with what each of its columns becomes, in their order. */
export interface Chosen {
  readonly table: SourceTable;
  readonly hows: readonly How[];
  /** Columns that hold NULL, or will: in lower case. */
  readonly nullable: ReadonlySet<string>;
}

/** Tables of PostgreSQL like these, with the keys, checks and indexes that can be carried over. */
export async function derive(chosen: readonly Chosen[], schema: string): Promise<ShapedTable[]> {
  const relations = new Names();
  const made = chosen.map((one) => named(one, schema, relations.give(one.table.name)));
  const tables: ShapedTable[] = [];
  for (const one of made) tables.push(await shaped(one, made, relations));
  return tables;
}

/** Defaults that no server refuses: a value that was converted, and now. */
const SURE = /^(?:E?'(?:[^']|'')*'|CURRENT_TIMESTAMP)$/;

interface Named extends Chosen {
  readonly schema: string;
  readonly name: string;
  readonly columns: Columns;
}

function named(chosen: Chosen, schema: string, name: string): Named {
  const names = columnNames();
  const columns = new Map(
    chosen.table.columns.map((column, at) => [
      column.name.toLowerCase(),
      { name: names.give(column.name), type: chosen.hows[at]?.type ?? '' },
    ]),
  );
  return { ...chosen, schema, name, columns };
}

const called = ({ columns }: Named, name: string): string => columns.get(name.toLowerCase())?.name ?? name;
const list = (table: Named, names: readonly string[]): string =>
  names.map((name) => quoteIdent(called(table, name))).join(', ');

async function shaped(table: Named, all: readonly Named[], relations: Names): Promise<ShapedTable> {
  const { table: source, hows } = table;
  const manual: Manual[] = [];
  const miss = (what: string, why: string, sql: string) =>
    manual.push({ table: source.name, what, why, sql });
  if (table.name !== source.name)
    miss('name', `it is called ${table.name}: a name has 63 bytes at most`, source.name);
  const columns: ShapedColumn[] = [];
  const defaults: Later[] = [];
  for (const [at, column] of source.columns.entries()) {
    const how = hows[at];
    if (how === undefined) continue;
    const name = called(table, column.name);
    if (name !== column.name) miss(`name of ${column.name}`, `it is called ${name}`, column.name);
    const nullable = table.nullable.has(column.name.toLowerCase());
    if (column.notNull && nullable)
      miss(`NOT NULL of ${column.name}`, 'some of its values become NULL', 'NOT NULL');
    const standard = await standardOf(table, column.standard, how, column.name, miss);
    const sure = standard !== undefined && SURE.test(standard);
    if (standard !== undefined && !sure)
      defaults.push({
        ...{ kind: 'default', name: `default of ${column.name}` },
        sql: `ALTER TABLE ${quoteRelation(table)} ALTER COLUMN ${quoteIdent(name)} SET DEFAULT ${standard}`,
      });
    columns.push({
      ...{ source: column, name, how, notNull: column.notNull && !nullable },
      standard: sure ? standard : undefined,
      generated: await generatedOf(table, column.generated, column.name, miss),
    });
  }
  const rowid = columns.find(({ source: { name } }) => name === source.rowid);
  return {
    ...{ source, schema: table.schema, name: table.name, columns },
    identity: rowid && /^(small|big)?int/.test(rowid.how.type) ? rowid.name : undefined,
    later: [
      ...defaults,
      ...keysOf(table, miss),
      ...(await checksOf(table, miss)),
      ...(await indexesOf(table, relations, miss)),
      ...source.keys.flatMap((key) => foreignKey(table, key, all, miss)),
    ],
    manual,
  };
}

type Miss = (what: string, why: string, sql: string) => void;

async function standardOf(
  { columns }: Named,
  text: string | undefined,
  how: How,
  name: string,
  miss: Miss,
): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const made = await defaultOf(text, how, columns);
  if (made === undefined) return undefined;
  if ('sql' in made) return made.sql;
  miss(`default of ${name}`, made.why, text);
  return undefined;
}

async function generatedOf(
  { columns }: Named,
  text: string | undefined,
  name: string,
  miss: Miss,
): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const made = await translate(text, columns);
  if ('sql' in made) return made.sql;
  miss(`generated column ${name}`, `its values are loaded, and are no longer generated: ${made.why}`, text);
  return undefined;
}

function keysOf(table: Named, miss: Miss): Later[] {
  const { table: source } = table;
  const alter = `ALTER TABLE ${quoteRelation(table)} ADD`;
  const later: Later[] = [];
  if (source.primaryKey.length > 0) {
    const empty = source.primaryKey.filter((name) => table.nullable.has(name.toLowerCase()));
    const columns = list(table, source.primaryKey);
    if (empty.length === 0)
      later.push({ kind: 'primary key', name: 'primary key', sql: `${alter} PRIMARY KEY (${columns})` });
    else {
      miss(
        'primary key',
        `${empty.join(', ')} has NULL, which no primary key may: it is UNIQUE instead`,
        `PRIMARY KEY (${columns})`,
      );
      later.push({ kind: 'unique', name: 'primary key', sql: `${alter} UNIQUE (${columns})` });
    }
  }
  for (const index of source.indexes) {
    if (index.origin !== 'u') continue;
    const columns = index.columns.flatMap(({ name }) => name ?? []);
    later.push({
      kind: 'unique',
      name: `UNIQUE (${columns.join(', ')})`,
      sql: `${alter} UNIQUE (${list(table, columns)})`,
    });
  }
  return later;
}

async function checksOf(table: Named, miss: Miss): Promise<Later[]> {
  const { table: source } = table;
  const later: Later[] = [];
  for (const { name, expression } of [...source.columns.flatMap(({ checks }) => checks), ...source.checks]) {
    const what = `check ${name ?? `(${expression})`}`;
    const made = await translate(expression, table.columns);
    if ('why' in made) {
      miss(what, made.why, `CHECK (${expression})`);
      continue;
    }
    const constraint = name === undefined ? '' : `CONSTRAINT ${quoteIdent(new Names().give(name))} `;
    later.push({
      ...{ kind: 'check', name: what },
      sql: `ALTER TABLE ${quoteRelation(table)} ADD ${constraint}CHECK (${made.sql})`,
    });
  }
  return later;
}

async function indexesOf(table: Named, relations: Names, miss: Miss): Promise<Later[]> {
  const later: Later[] = [];
  for (const index of table.table.indexes) {
    const nocase =
      index.unique && index.columns.some(({ collation }) => collation.toUpperCase() === 'NOCASE');
    if (index.origin !== 'c' && !nocase) continue;
    const what =
      index.origin === 'c'
        ? `index ${index.name}`
        : `UNIQUE without case (${index.columns.map(({ name }) => name).join(', ')})`;
    const text = index.sql ?? what;
    const made = await indexParts(table, index);
    if ('why' in made) {
      miss(what, made.why, text);
      continue;
    }
    const wanted =
      index.origin === 'c'
        ? index.name
        : `${table.name}_${index.columns.map(({ name }) => name ?? '').join('_')}_lower_key`;
    later.push({
      ...{ kind: 'index', name: what },
      sql: `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quoteIdent(relations.give(wanted))} ON ${quoteRelation(table)} (${made.sql})${made.where === undefined ? '' : ` WHERE ${made.where}`}`,
    });
  }
  return later;
}

async function indexParts(
  table: Named,
  index: SourceIndex,
): Promise<{ readonly sql: string; readonly where: string | undefined } | { readonly why: string }> {
  const text = index.sql === undefined ? undefined : readCreateIndex(index.sql);
  const parts: string[] = [];
  for (const [at, { name, descending, collation }] of index.columns.entries()) {
    const order = descending ? ' DESC' : '';
    if (name === undefined) {
      const made = await translate(text?.parts[at] ?? '', table.columns);
      if ('why' in made) return made;
      parts.push(`(${made.sql})${order}`);
      continue;
    }
    const column = table.columns.get(name.toLowerCase());
    const isText = /^(text|character)/.test(column?.type ?? '');
    const quotedName = quoteIdent(called(table, name));
    parts.push(
      `${isText && collation.toUpperCase() === 'NOCASE' ? `lower(${quotedName})` : quotedName}${order}`,
    );
  }
  if (!index.partial) return { sql: parts.join(', '), where: undefined };
  const where = await translate(text?.where ?? '', table.columns);
  return 'why' in where ? where : { sql: parts.join(', '), where: where.sql };
}

function foreignKey(table: Named, key: SourceKey, all: readonly Named[], miss: Miss): Later[] {
  const shown = `FOREIGN KEY (${key.columns.join(', ')}) REFERENCES ${key.parent}`;
  const what = `foreign key ${key.name ?? `(${key.columns.join(', ')})`}`;
  const parent = all.find(({ table: { name } }) => name.toLowerCase() === key.parent.toLowerCase());
  if (parent === undefined) {
    miss(what, `${key.parent} is not imported`, shown);
    return [];
  }
  const columns = key.parentColumns.length > 0 ? key.parentColumns : parent.table.primaryKey;
  if (columns.length !== key.columns.length) {
    miss(what, `${key.parent} has no key of so many columns`, shown);
    return [];
  }
  const named = key.name === undefined ? '' : `CONSTRAINT ${quoteIdent(new Names().give(key.name))} `;
  const actions = [
    ...(key.onUpdate === 'NO ACTION' ? [] : [` ON UPDATE ${key.onUpdate}`]),
    ...(key.onDelete === 'NO ACTION' ? [] : [` ON DELETE ${key.onDelete}`]),
    ...(key.deferrable === '' ? [] : [` ${key.deferrable}`]),
  ].join('');
  const sql = `ALTER TABLE ${quoteRelation(table)} ADD ${named}FOREIGN KEY (${list(table, key.columns)}) REFERENCES ${quoteRelation(parent)} (${list(parent, columns)})${actions}`;
  return [{ kind: 'foreign key', name: what, sql, orElse: `${sql} NOT VALID` }];
}

/** What makes a table, without what comes once its rows are there. `plain`: columns that are generated no longer. */
export function createTableSql(table: ShapedTable, plain: ReadonlySet<string> = new Set()): string {
  const columns = table.columns.map(({ name, how, notNull, standard, generated }) => {
    const made = generated !== undefined && !plain.has(name);
    return [
      `  ${quoteIdent(name)} ${how.type}`,
      made ? ` GENERATED ALWAYS AS (${generated}) STORED` : '',
      name === table.identity ? ' GENERATED BY DEFAULT AS IDENTITY' : '',
      standard === undefined || made || name === table.identity ? '' : ` DEFAULT ${standard}`,
      notNull && !made ? ' NOT NULL' : '',
    ].join('');
  });
  return `CREATE TABLE ${quoteRelation(table)} (\n${columns.join(',\n')}\n)`;
}
