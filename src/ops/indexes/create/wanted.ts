import { fullName, quoteIdent, quoteRelation } from '../../../db/ident.ts';
import { nearest } from '../../relations/names.ts';
import { type Parser, positionOf } from '../../sql/parser.ts';
import { indexesErrors } from '../errors.ts';
import type { IndexedColumn } from '../queries/table.ts';
import { indexStatement, type Shape, shapeOfStatement } from '../shape.ts';
import type { CreateInput } from './input.ts';

interface Relation {
  readonly schema: string;
  readonly name: string;
}

/** The index that is asked for: its parts as SQL, checked to be what they shall be and nothing more. */
export interface Wanted {
  readonly unique: boolean;
  readonly method: string;
  /** `"a" DESC`, `lower("email")`. */
  readonly keys: readonly string[];
  readonly include: readonly string[];
  readonly where: string | undefined;
  readonly shape: Shape;
  /** Words for its name: columns, and `expr` for an expression. */
  readonly words: readonly string[];
  /** Names of columns that it has as keys or besides. */
  readonly columns: readonly string[];
  /** Something of it is not made of columns alone: names in it are found by the search_path. */
  readonly free: boolean;
}

/** Throws {@link file://../../error.ts OpError} for what is no column, expression or condition. */
export function wantedIndex(
  parser: Parser,
  input: CreateInput,
  table: Relation,
  columns: readonly IndexedColumn[],
): Wanted {
  const names = new Set(columns.map(({ name }) => name));
  const texts = input.columns.flatMap((text) => (names.has(text) ? [text] : parts(text)));
  const keys = [
    ...texts.map((text) => (names.has(text) ? quoteIdent(text) : text)),
    ...input.expression.map((text) => `(${text})`),
  ];
  const include = input.include
    .flatMap((text) => (names.has(text) ? [text] : parts(text)))
    .map((text) => (names.has(text) ? quoteIdent(text) : text));
  const where = input.where?.trim();
  for (const key of keys) {
    const shape = statementOf(
      parser,
      { unique: false, method: 'btree', keys: [key], include: [], where: undefined },
      key,
    );
    if (shape.elements.length !== 1) throw indexesErrors.noElement({ text: key, why: 'it is more than one' });
  }
  const given = { unique: input.unique, method: input.method, keys, include, where };
  const shape = statementOf(parser, given, where ?? keys.join(', '));
  if (shape.elements.length !== keys.length || shape.include.length !== include.length)
    throw indexesErrors.strangePart({ part: 'what was given', why: 'it is not as many keys as were named' });
  if ((shape.where === '') !== (where === undefined))
    throw indexesErrors.strangePart({ part: where ?? '', why: 'it is no condition' });
  const used = [...shape.elements.flatMap(({ column }) => column ?? []), ...shape.include];
  for (const column of used)
    if (!names.has(column))
      throw indexesErrors.noColumn({
        table: fullName(table.schema, table.name),
        column,
        alike: nearest(column, [...names]),
      });
  return {
    ...given,
    shape,
    words: shape.elements.map(({ column }) => column ?? 'expr'),
    columns: used,
    free: where !== undefined || keys.some((key) => !/^"(?:[^"]|"")+"(?: (?:ASC|DESC))?$/i.test(key)),
  };
}

/** Reads the parts in the place where they will stand: what closes its parenthesis, or begins a comment, is found out. */
function statementOf(
  parser: Parser,
  parts: Pick<Wanted, 'unique' | 'method' | 'keys' | 'include' | 'where'>,
  text: string,
): Shape {
  const sql = createSql(parts, { name: 'i', table: { schema: 's', name: 't' }, concurrently: true });
  let statement: ReturnType<typeof indexStatement>;
  try {
    statement = indexStatement(parser, sql);
  } catch (error) {
    const at = sql.slice(positionOf(error), positionOf(error) + 20).trim();
    throw indexesErrors.noElement({ text, why: at === '' ? 'it has no end' : `not at "${at}"` }, error);
  }
  const strange =
    statement === undefined ||
    statement.options !== undefined ||
    statement.tableSpace !== undefined ||
    statement.concurrent !== true ||
    (statement.unique === true) !== parts.unique ||
    statement.nulls_not_distinct === true ||
    (statement.whereClause !== undefined) !== (parts.where !== undefined);
  if (statement === undefined || strange)
    throw indexesErrors.strangePart({ part: text, why: 'it is more than that' });
  return shapeOfStatement(statement);
}

/** What stands between commas that are in no parentheses and no quotes. */
function parts(text: string): string[] {
  const found = [''];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"]|"")*"?|'(?:[^']|'')*'?|[^"']/g)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === ',' && depth === 0) found.push('');
    else found.push(`${found.pop()}${token}`);
  }
  return found.map((part) => part.trim()).filter((part) => part !== '');
}

export interface Place {
  readonly name: string;
  readonly table: Relation;
  /** Without its partitions. */
  readonly only?: boolean;
  readonly concurrently: boolean;
}

export function createSql(
  { unique, method, keys, include, where }: Pick<Wanted, 'unique' | 'method' | 'keys' | 'include' | 'where'>,
  { name, table, only = false, concurrently }: Place,
): string {
  return [
    `CREATE ${unique ? 'UNIQUE ' : ''}INDEX${concurrently ? ' CONCURRENTLY' : ''} ${quoteIdent(name)}`,
    `ON ${only ? 'ONLY ' : ''}${quoteRelation(table)} USING ${method} (${keys.join(', ')})`,
    ...(include.length === 0 ? [] : [`INCLUDE (${include.join(', ')})`]),
    ...(where === undefined ? [] : [`WHERE (${where})`]),
  ].join(' ');
}

/** PostgreSQL cuts names at that many bytes. */
const LONGEST = 63;

/** A name that nobody has, as PostgreSQL would make it: `orders_customer_id_idx`; it is taken from then on. */
export function freeName(table: string, words: readonly string[], taken: Set<string>): string {
  for (let n = 0; ; n++) {
    const end = `_idx${n === 0 ? '' : n}`;
    const name = `${cut([table, ...words].join('_'), LONGEST - end.length)}${end}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

/** The first bytes of a text, with no character cut in two. */
function cut(text: string, bytes: number): string {
  let short = text;
  while (Buffer.byteLength(short) > bytes) short = [...short].slice(0, -1).join('');
  return short;
}
