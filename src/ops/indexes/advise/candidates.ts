import { fullName, quoteRelation } from '../../../db/ident.ts';
import { percent } from '../../../text/units.ts';
import type { Element } from '../shape.ts';
import type { KnownIndex, Table } from './catalog.ts';
import type { Key, OrderKey, Usage } from './usage.ts';

/** Below this a table is read as fast without an index. */
const BIG_ROWS = 1_000;
/** An index that finds that few rows needs no further column. */
const FEW_ROWS = 50;
/** A value that stands for more of the rows is hardly looked up by an index. */
const LOW = 0.1;
const MOST_KEYS = 3;

/** A statement that wants an index. */
export interface Asker {
  readonly queryid: string;
  readonly text: string;
  readonly calls: number;
  readonly total_ms: number;
  /** The role that runs it, and the schemas that its names are looked for in. */
  readonly path: readonly string[];
}

/** An index that statements look for and that is not there. */
export interface Candidate {
  readonly table: Table;
  readonly keys: readonly Key[];
  /** `filter`, `join`, `order`: what it serves. */
  readonly serves: ReadonlySet<'filter' | 'join' | 'order'>;
  /** Why it may be of little use: its values stand for many rows each. */
  readonly doubt: string | undefined;
  /** The dearest first. */
  readonly askers: readonly Asker[];
}

type Wish = Omit<Candidate, 'askers'>;

/** What one statement lacks; nothing for small tables. */
export function wishesFor(usage: Usage): Wish[] {
  const { table, filters, ranges, joins, order } = usage;
  if (table.est_rows < BIG_ROWS) return [];
  const found: Wish[] = [];
  const wish = (
    equal: readonly Key[],
    tail: readonly Key[],
    serves: Iterable<'filter' | 'join' | 'order'>,
  ) => {
    const keys = [...equal, ...tail.filter(({ text }) => !equal.some((one) => one.text === text))];
    if (keys.length === 0 || isCovered(usage, equal, tail)) return;
    found.push({
      table,
      keys,
      serves: new Set(serves),
      doubt: tail.length === 0 ? doubtOf(table, equal) : undefined,
    });
  };
  const equal = mostSelective(table, filters);
  const free = order.filter(({ text }) => !filters.some((one) => one.text === text));
  const sorted = sameWay(free);
  const [range] = ranges.filter(({ text }) => !equal.some((one) => one.text === text));
  const few = equal.length > 0 && rowsOf(table, equal) <= FEW_ROWS;
  if (few) wish(equal, [], ['filter']);
  else if (sorted.length > 0) wish(equal, sorted, equal.length > 0 ? ['filter', 'order'] : ['order']);
  else wish(equal, range === undefined ? [] : [range], ['filter']);
  for (const keys of joins.values()) {
    const joined = mostSelective(table, keys);
    const more = rowsOf(table, joined) > FEW_ROWS ? equal.slice(0, 1) : [];
    wish([...joined, ...more.filter(({ text }) => !joined.some((one) => one.text === text))], [], ['join']);
  }
  return found;
}

/** Sorted in one direction an index is read from either end; else the directions are its own. */
function sameWay(order: readonly OrderKey[]): readonly Key[] {
  const both = new Set(order.map(({ descending }) => descending)).size > 1;
  return order
    .slice(0, MOST_KEYS)
    .map(({ column, sql, text, descending }) =>
      both && descending ? { column, sql: `${sql} DESC`, text: `${text} DESC` } : { column, sql, text },
    );
}

/** Share of the rows that one value stands for, typically; undefined where nothing is known of it. */
function shareOf(table: Table, { column }: Key): number | undefined {
  const distinct = column === undefined ? null : (table.columns.get(column)?.n_distinct ?? null);
  if (distinct === null || distinct === 0) return undefined;
  return distinct > 0 ? 1 / distinct : 1 / Math.max(1, -distinct * table.est_rows);
}

/** Of an unknown column: one value in a hundred rows. */
const UNKNOWN = 0.01;

function rowsOf(table: Table, keys: readonly Key[]): number {
  return keys.reduce((rows, key) => rows * (shareOf(table, key) ?? UNKNOWN), table.est_rows);
}

/** The keys that find the fewest rows, as many as it takes. */
function mostSelective(table: Table, keys: readonly Key[]): Key[] {
  const sorted = [...keys].sort((a, b) => (shareOf(table, a) ?? UNKNOWN) - (shareOf(table, b) ?? UNKNOWN));
  const chosen: Key[] = [];
  for (const key of sorted) {
    if (chosen.length === MOST_KEYS || (chosen.length > 0 && rowsOf(table, chosen) <= FEW_ROWS)) break;
    chosen.push(key);
  }
  return chosen;
}

function doubtOf(table: Table, keys: readonly Key[]): string | undefined {
  const share = rowsOf(table, keys) / table.est_rows;
  const [only, ...more] = keys;
  const frequent = more.length === 0 ? (table.columns.get(only?.column ?? '')?.most_common_freq ?? 0) : 0;
  if (share > LOW)
    return `each value stands for about ${percent(share)} of the rows: it helps only where few of them are looked for`;
  return frequent > 0.5
    ? `the most frequent value is that of ${percent(frequent)} of the rows: it helps with the others only`
    : undefined;
}

/** Whether an index that is there finds these rows, or nearly as few. */
function isCovered(usage: Usage, equal: readonly Key[], tail: readonly Key[]): boolean {
  const { table } = usage;
  return table.indexes.some((index) => {
    if (!hasRows(index, usage)) return false;
    const { elements, unique, method } = index.shape;
    const texts = elements.map(textOf);
    const wanted = equal.map(({ text }) => text);
    if (method === 'hash') return wanted.includes(texts[0] ?? '') && equal.length === 1 && tail.length === 0;
    if (method !== 'btree') return false;
    const held = texts.findIndex((text) => !wanted.includes(text));
    const leading = held < 0 ? texts.length : held;
    if (unique && leading === texts.length && leading > 0) return true;
    const found = equal.filter(({ text }) => texts.slice(0, leading).includes(text));
    // so few that what more it could have makes no difference
    if (found.length > 0 && rowsOf(table, found) <= FEW_ROWS) return true;
    if (found.length < equal.length) return false;
    return tail.every(({ text, column }, at) => {
      const other = texts[leading + at];
      return other === text || (column !== undefined && other === column);
    });
  });
}

/** As a key's text is: what of an index is not a plain column in its own order is told. */
function textOf({ column, loose, opclass, collation, descending }: Element): string {
  const text = column ?? loose ?? '';
  return `${text}${collation === '' ? '' : ` COLLATE ${collation}`}${opclass === '' ? '' : ` ${opclass}`}${descending && column === undefined ? ' DESC' : ''}`;
}

/** A partial index has the rows only where its condition is one of the statement's, or is that a key is not null. */
function hasRows({ shape }: KnownIndex, { conditions, filters, ranges, joins }: Usage): boolean {
  if (shape.where === '' || conditions.has(shape.where)) return true;
  const notNull =
    /^\{"NullTest":\{"arg":\{"ColumnRef":("(?:[^"\\]|\\.)*")\},"nulltesttype":"IS_NOT_NULL"\}\}$/.exec(
      shape.where,
    );
  if (notNull?.[1] === undefined) return false;
  const column: unknown = JSON.parse(notNull[1]);
  return [...filters, ...ranges, ...[...joins.values()].flat()].some((key) => key.column === column);
}

const idOf = ({ table, keys }: Wish) => JSON.stringify([table.oid, keys.map(({ sql }) => sql)]);

/** Wishes for the same index, and for one that begins with it, are one. */
export function merged(wishes: readonly { readonly wish: Wish; readonly asker: Asker }[]): Candidate[] {
  const all = [...Map.groupBy(wishes, ({ wish }) => idOf(wish)).values()].flatMap((same): Candidate[] => {
    const [first] = same;
    return first === undefined
      ? []
      : [
          joined(
            first.wish,
            same.map(({ wish }) => wish.serves),
            same.map(({ asker }) => asker),
          ),
        ];
  });
  const longest = all.sort((a, b) => b.keys.length - a.keys.length);
  const kept: Candidate[] = [];
  for (const one of longest) {
    const at = kept.findIndex((other) => other.table.oid === one.table.oid && begins(other, one));
    const other = kept[at];
    if (other === undefined) kept.push(one);
    else kept[at] = joined(other, [other.serves, one.serves], [...other.askers, ...one.askers]);
  }
  return kept.sort((a, b) => timeOf(b) - timeOf(a));
}

function joined(
  wish: Wish,
  serves: readonly ReadonlySet<'filter' | 'join' | 'order'>[],
  askers: readonly Asker[],
): Candidate {
  const once = [...new Map(askers.map((one) => [one.queryid, one])).values()];
  return {
    ...wish,
    serves: new Set(serves.flatMap((one) => [...one])),
    askers: once.sort((a, b) => b.total_ms - a.total_ms),
  };
}

function begins(long: Candidate, short: Candidate): boolean {
  return short.keys.every(({ sql }, at) => long.keys[at]?.sql === sql);
}

export function timeOf({ askers }: Pick<Candidate, 'askers'>): number {
  return askers.reduce((sum, one) => sum + one.total_ms, 0);
}

/** For people: `shop.orders (customer_id, lower(email))`. */
export function candidateName({ table, keys }: Pick<Candidate, 'table' | 'keys'>): string {
  return `${fullName(table.schema, table.name)} (${keys.map(({ sql }) => sql).join(', ')})`;
}

/** A CREATE INDEX for each of these relations, without a name. */
export function candidateSql(
  { table, keys }: Pick<Candidate, 'table' | 'keys'>,
  relations: readonly { readonly schema: string; readonly name: string }[] = [table],
): string[] {
  return relations.map(
    (one) => `CREATE INDEX ON ${quoteRelation(one)} USING btree (${keys.map(({ sql }) => sql).join(', ')})`,
  );
}
