import { fullName, quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { nameParts } from '../relations/names.ts';
import { resolveRelation } from '../relations/resolve.ts';
import {
  type ForeignKey,
  foreignKeys,
  keyOperators,
  type UniqueKey,
  uniqueKeys,
} from '../rows/queries/keys.ts';
import { type OrphanTable, orphanTables, tableColumns } from '../rows/queries/tables.ts';
import type { Relation } from '../rows/sql.ts';
import { orphansErrors } from './errors.ts';
import type { Action, OrphansInput } from './input.ts';
import type { KeyShape } from './sql.ts';

/** The key that a plan is about. */
export interface Key extends KeyShape {
  readonly name: string;
  /** `FOREIGN KEY (…) REFERENCES …`, without NOT VALID. */
  readonly definition: string;
  /** The same as data, see {@link shapeOf}. */
  readonly shape: string;
  readonly comment: string | null;
  /** As the catalog has it; undefined for one that is missing. */
  readonly there: ForeignKey | undefined;
  /** What stands in the way of such a key: sentences. */
  readonly faults: readonly string[];
}

/** What there is in the database that keys are chosen by. */
export interface Inventory {
  readonly tables: readonly OrphanTable[];
  readonly keys: readonly ForeignKey[];
}

export async function inventory(session: Session): Promise<Inventory> {
  return {
    tables: await session.run(orphanTables, undefined),
    keys: await session.run(foreignKeys, undefined),
  };
}

/** The key that the input means. Throws {@link OpError} for what is not there, or is not clear. */
export async function resolveKey(input: OrphansInput, session: Session, all: Inventory): Promise<Key> {
  const { table: named, key: name, columns, references } = input;
  const table = named === undefined ? undefined : tableOf(all, named);
  if (table !== undefined && columns !== undefined && references !== undefined)
    return missingKey(input, { table, columns, references }, session, all);
  const own = all.keys.filter(({ table_oid }) => table === undefined || table_oid === table.oid);
  if (name === undefined) {
    const open = own.filter(({ valid, enforced }) => enforced && !valid);
    const [only, ...more] = open;
    if (only === undefined || more.length > 0)
      throw orphansErrors.whichKey({
        table: table === undefined ? '' : shown(table),
        keys: open.map((one) => one.name),
      });
    return keyThere(only, all);
  }
  const parts = nameParts(name);
  const wanted = (one: ForeignKey) => one.name === name || (parts?.length === 1 && parts[0] === one.name);
  // of the same name in several tables the open one is meant
  const found = own.filter(wanted);
  const open = table === undefined ? found.filter(({ valid }) => !valid) : found;
  const [only, ...more] = open.length > 0 ? open : found;
  if (only === undefined)
    throw orphansErrors.noKey({ key: name, table: table === undefined ? undefined : shown(table) });
  if (more.length > 0)
    throw orphansErrors.manyKeys({
      key: name,
      tables: open.map((one) => fullName(one.schema, one.table)),
    });
  return keyThere(only, all);
}

export const shown = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  fullName(schema, name);

function tableOf({ tables }: Inventory, text: string): OrphanTable {
  const table = resolveRelation(tables, text, { offered: ({ partition }) => !partition });
  if (table.partition) throw orphansErrors.partition({ table: shown(table), what: 'table' });
  return table;
}

/** A key of the catalog. */
export function keyThere(key: ForeignKey, { tables }: Inventory): Key {
  const kindOf = (oid: number): Relation['kind'] => tables.find((one) => one.oid === oid)?.kind ?? 'r';
  return {
    name: key.name,
    table: { oid: key.table_oid, schema: key.schema, name: key.table, kind: kindOf(key.table_oid) },
    parent: {
      ...{ oid: key.parent_oid, schema: key.parent_schema, name: key.parent },
      kind: kindOf(key.parent_oid),
    },
    columns: key.columns,
    referenced: key.referenced,
    operators: key.operators,
    collations: key.columns.map(() => ''),
    match: key.match === 'f' ? 'full' : 'simple',
    definition: withoutNotValid(key.definition),
    shape: shapeOf(key),
    comment: key.comment,
    there: key,
    faults: [],
  };
}

/** What a key says, but for its name: the same for two that are the same. */
export function shapeOf(
  key: Pick<
    ForeignKey,
    'columns' | 'referenced' | 'parent_schema' | 'parent' | 'match' | 'on_delete' | 'on_update'
  > &
    Partial<Pick<ForeignKey, 'definition'>>,
): string {
  const { columns, referenced, parent_schema, parent, match, on_delete, on_update, definition = '' } = key;
  const late = / DEFERRABLE( INITIALLY DEFERRED)?( NOT VALID)?$/.test(definition);
  return JSON.stringify([columns, referenced, parent_schema, parent, match, on_delete, on_update, late]);
}

export function withoutNotValid(definition: string): string {
  return definition.replace(/ NOT VALID$/, '');
}

interface Asked {
  readonly table: OrphanTable;
  readonly columns: string;
  readonly references: string;
}

/** A key that is to be made, or is there by now under whatever name. */
async function missingKey(
  input: OrphansInput,
  { table, columns: listed, references }: Asked,
  session: Session,
  all: Inventory,
): Promise<Key> {
  const target = parseReference(references);
  const parent = resolveRelation(all.tables, target.table, { offered: ({ partition }) => !partition });
  const columns = parseColumns(listed, references);
  const unique = await session.run(uniqueKeys, { oid: parent.oid });
  const primary = unique.find((one) => one.primary);
  if (target.columns === undefined && primary === undefined)
    throw orphansErrors.noPrimary({ table: shown(parent) });
  const referenced = target.columns ?? primary?.columns ?? [];
  await mustHave(session, table, columns);
  await mustHave(session, parent, referenced);
  if (columns.length !== referenced.length)
    throw orphansErrors.unequal({ columns: columns.length, referenced: referenced.length });
  const same = all.keys.find(
    (one) =>
      one.table_oid === table.oid &&
      one.parent_oid === parent.oid &&
      pairs(one.columns, one.referenced) === pairs(columns, referenced),
  );
  if (same !== undefined) return keyThere(same, all);
  const { operators, collations, faults } = await compared(session, {
    ...{ table, parent, columns, referenced, unique },
  });
  const name = input.name ?? freeName(table, columns, all.keys);
  return {
    ...{ name, table, parent, columns, referenced, operators, collations },
    match: input.match,
    definition: definitionOf(input, parent, columns, referenced),
    shape: shapeOf({
      ...{ columns, referenced, parent_schema: parent.schema, parent: parent.name },
      match: input.match === 'full' ? 'f' : 's',
      on_delete: ACTION_CODES[input.on_delete],
      on_update: ACTION_CODES[input.on_update],
    }),
    comment: null,
    there: undefined,
    faults: [
      ...faults,
      ...(all.keys.some((one) => one.table_oid === table.oid && one.name === name)
        ? [`${shown(table)} has another foreign key that is called ${name}. Choose another --name.`]
        : []),
    ],
  };
}

/** Which column refers to which, in whatever order. */
function pairs(columns: readonly string[], referenced: readonly string[]): string {
  return JSON.stringify(columns.map((name, at) => [name, referenced[at]]).sort());
}

interface Comparison {
  readonly table: Relation;
  readonly parent: Relation;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  readonly unique: readonly UniqueKey[];
}

async function compared(
  session: Session,
  { table, parent, columns, referenced, unique }: Comparison,
): Promise<Pick<Key, 'operators' | 'collations' | 'faults'>> {
  const sorted = (names: readonly string[]) => JSON.stringify([...names].sort());
  const fitting = unique.filter((one) => sorted(one.columns) === sorted(referenced));
  const index = fitting.find(({ immediate }) => immediate);
  if (index === undefined) {
    const what = `${shown(parent)} (${referenced.join(', ')})`;
    const fault =
      fitting.length > 0
        ? `The only unique key of ${what} is deferrable, and nothing can refer to that.`
        : `Nothing keeps ${what} unique, and a foreign key needs that: CREATE UNIQUE INDEX CONCURRENTLY ON ${quoteRelation(parent)} (${referenced.map(quoteIdent).join(', ')})`;
    return { operators: columns.map(() => '='), collations: [], faults: [fault] };
  }
  const found = await session.run(keyOperators, {
    ...{ oid: table.oid, columns, parent: parent.oid, referenced, index: index.index },
  });
  return {
    operators: found.map(({ operator }) => operator ?? '='),
    collations: found.map(({ collate }) => (collate === null ? '' : ` COLLATE ${collate}`)),
    faults: found
      .filter(({ operator }) => operator === null)
      .map(
        (one) =>
          `${one.column} is ${one.type}, and ${one.referenced} of ${shown(parent)} is ${one.parent_type}: a key cannot compare them. Change the type of one.`,
      ),
  };
}

async function mustHave(session: Session, table: OrphanTable, names: readonly string[]): Promise<void> {
  const there = (await session.run(tableColumns, { oid: table.oid })).map(({ name }) => name);
  const column = names.find((name) => !there.includes(name));
  if (column !== undefined) throw orphansErrors.noColumn({ table: shown(table), column, there });
}

const ACTION_CODES: Readonly<Record<Action, string>> = {
  'no-action': 'a',
  restrict: 'r',
  cascade: 'c',
  'set-null': 'n',
  'set-default': 'd',
};

const ACTION_SQL: Readonly<Record<Action, string>> = {
  'no-action': '',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  'set-null': 'SET NULL',
  'set-default': 'SET DEFAULT',
};

function definitionOf(
  { on_delete, on_update, match }: OrphansInput,
  parent: Relation,
  columns: readonly string[],
  referenced: readonly string[],
): string {
  return [
    `FOREIGN KEY (${columns.map(quoteIdent).join(', ')}) REFERENCES ${quoteRelation(parent)}(${referenced.map(quoteIdent).join(', ')})`,
    match === 'full' ? ' MATCH FULL' : '',
    on_update === 'no-action' ? '' : ` ON UPDATE ${ACTION_SQL[on_update]}`,
    on_delete === 'no-action' ? '' : ` ON DELETE ${ACTION_SQL[on_delete]}`,
  ].join('');
}

/** PostgreSQL's own way of naming it, as far as it has room: 63 bytes. */
function freeName(table: OrphanTable, columns: readonly string[], keys: readonly ForeignKey[]): string {
  const taken = new Set(keys.filter(({ table_oid }) => table_oid === table.oid).map(({ name }) => name));
  for (let n = 0; ; n++) {
    const end = n === 0 ? '_fkey' : `_fkey${n}`;
    let begin = `${table.name}_${columns.join('_')}`;
    while (Buffer.byteLength(begin + end) > 63) begin = [...begin].slice(0, -1).join('');
    if (!taken.has(begin + end)) return begin + end;
  }
}

/** `shop."T (1)"(a, "b,c")`: the table, and the columns where there are any. Throws {@link OpError}. */
export function parseReference(text: string): { table: string; columns: string[] | undefined } {
  const found = /^\s*((?:"(?:[^"]|"")*"|[^"(])+?)\s*(?:\((.*)\))?\s*$/s.exec(text);
  const [, table, columns] = found ?? [];
  if (table === undefined) throw orphansErrors.badReference({ given: text });
  return { table, columns: columns === undefined ? undefined : parseColumns(columns, text) };
}

/** Names between commas, quoted or as they stand. Throws {@link OpError}. */
export function parseColumns(text: string, given = text): string[] {
  const names: string[] = [];
  const one = /\s*(?:"((?:[^"]|"")+)"|([^",]+?))\s*(,|$)/y;
  for (let end = false; !end; ) {
    const found = one.exec(text);
    if (found === null) throw orphansErrors.badReference({ given });
    names.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    end = found[3] === '';
  }
  return names;
}
