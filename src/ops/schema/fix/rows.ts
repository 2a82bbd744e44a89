import { quoteIdent } from '../../../db/ident.ts';
import type { SchemaObject } from '../format.ts';
import { partsOfName, quoted } from './names.ts';
import type { Addition } from './statement.ts';
import { type Sides, text } from './structure.ts';

/** A query for the rows that forbid an addition, and why they do. */
export interface RowsQuery {
  readonly query: string;
  readonly why: string;
}

/** The rows that forbid it; undefined where none can, or no query tells which. */
export function forbiddingRows({ subject, reads }: Addition, sides: Sides): RowsQuery | undefined {
  if (reads === undefined) return undefined;
  const table = subject.name.slice(0, 2);
  switch (reads.kind) {
    case 'unique':
      return unique(table, reads.definition);
    case 'reference':
      return reference(table, reads.definition);
    case 'check':
      return check(table, reads.definition);
    case 'bound':
      return bound(subject.name, reads, sides);
  }
}

/** What follows an element of an index's list and does not change what is equal. */
const SUFFIX = /^( [\w."]+_ops)?( ASC| DESC)?( NULLS (FIRST|LAST))?$/;

function unique(table: readonly string[], definition: string): RowsQuery | undefined {
  const at = definition.search(
    /(?<=(PRIMARY KEY|UNIQUE|NOT DISTINCT|USING btree|ON ("(?:[^"]|"")+"\.?)+) )\(/,
  );
  const inside = at < 0 ? undefined : balanced(definition, at);
  if (inside === undefined) return undefined;
  const keys = split(inside).map(keyOf);
  if (keys.length === 0 || keys.includes(undefined)) return undefined;
  const where = predicate(definition, at + inside.length + 2);
  const [relation, list] = [quoted(table), keys.join(', ')];
  const twice = `SELECT ${list} FROM ${relation}${where === '' ? '' : ` WHERE ${where}`} GROUP BY ${list} HAVING count(*) > 1`;
  const doubled = `(${list}) IN (${twice})`;
  const nothing = definition.startsWith('PRIMARY KEY')
    ? ` OR ${keys.map((key) => `${key} IS NULL`).join(' OR ')}`
    : '';
  return {
    query: `SELECT * FROM ${relation} WHERE ${where === '' ? '' : `(${where}) AND `}${nothing === '' ? doubled : `(${doubled}${nothing})`}`,
    why: nothing === '' ? 'they are not unique' : 'they are not unique, or null',
  };
}

function predicate(definition: string, from: number): string {
  const at = definition.indexOf(' WHERE ', from);
  return at < 0 ? '' : definition.slice(at + ' WHERE '.length);
}

/** A column or an expression, without what says how it is sorted. */
function keyOf(element: string): string | undefined {
  const name = /^("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)/u.exec(element)?.[0] ?? '';
  const rest = element.slice(name.length);
  if (name !== '' && SUFFIX.test(rest)) return name;
  const at = element.indexOf('(');
  const inside = at < 0 ? undefined : balanced(element, at);
  if (inside === undefined) return undefined;
  const end = at + inside.length + 2;
  return SUFFIX.test(element.slice(end)) ? element.slice(0, end) : undefined;
}

const IDENT = String.raw`"(?:[^"]|"")+"|[^\s"(.,)]+`;
const FOREIGN = new RegExp(
  String.raw`^FOREIGN KEY \((.+?)\) REFERENCES ((?:${IDENT})\.(?:${IDENT}))\s*\((.+?)\)( MATCH FULL)?`,
  's',
);

function reference(table: readonly string[], definition: string): RowsQuery | undefined {
  const [, own = '', to = '', their = '', full] = FOREIGN.exec(definition) ?? [];
  const [columns, others] = [split(own), split(their)];
  const parent = partsOfName(to);
  if (parent === undefined || columns.length === 0 || columns.length !== others.length) return undefined;
  if ([...columns, ...others].some((name) => name.startsWith('PERIOD '))) return undefined;
  const pairs = columns.map((column, i) => `p.${others[i]} = c.${column}`).join(' AND ');
  const given = columns.map((column) => `c.${column} IS NOT NULL`);
  const orphan = `${given.join(' AND ')} AND NOT EXISTS (SELECT FROM ${quoted(parent)} p WHERE ${pairs})`;
  const half =
    full === undefined || columns.length < 2
      ? ''
      : ` OR num_nulls(${columns.map((column) => `c.${column}`).join(', ')}) BETWEEN 1 AND ${columns.length - 1}`;
  return {
    query: `SELECT * FROM ${quoted(table)} c WHERE ${half === '' ? orphan : `(${orphan}${half})`}`,
    why: `they refer to rows that ${to} does not have`,
  };
}

function check(table: readonly string[], definition: string): RowsQuery | undefined {
  const at = definition.indexOf('(');
  const inside = at < 0 ? undefined : balanced(definition, at);
  if (inside === undefined) return undefined;
  return {
    query: `SELECT * FROM ${quoted(table)} WHERE NOT (${inside})`,
    why: 'the check is false for them',
  };
}

/** Rows of the default partition that would belong to the new one, of a key of one column. */
function bound(
  name: readonly string[],
  { key, bound: text_ }: { readonly key: string; readonly bound: string },
  { actual, expected }: Sides,
): RowsQuery | undefined {
  const [parent] = parentsIn(expected.of('table', name));
  const fallback = actual
    .children(parent ?? [])
    .find((one: SchemaObject) => text(one, 'partition_bound') === 'DEFAULT');
  const [, how, column = ''] =
    /^(RANGE|LIST) \(((?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*))\)$/u.exec(key) ?? [];
  if (fallback === undefined || how === undefined) return undefined;
  const condition = how === 'LIST' ? inList(column, text_) : inRange(column, text_);
  return condition === undefined
    ? undefined
    : {
        query: `SELECT * FROM ${quoted(fallback.name)} WHERE ${condition}`,
        why: `the default partition ${quoteIdent(fallback.name[1] ?? '')} holds them`,
      };
}

function parentsIn(table: SchemaObject | undefined): string[][] {
  const parent = table === undefined ? undefined : partsOfName(text(table, 'partition_of') ?? '');
  return parent === undefined ? [] : [parent];
}

const LITERAL = String.raw`'(?:[^']|'')*'|-?[\d.]+|MINVALUE|MAXVALUE`;

function inRange(column: string, bounds: string): string | undefined {
  const found = new RegExp(String.raw`^FOR VALUES FROM \((${LITERAL})\) TO \((${LITERAL})\)$`).exec(bounds);
  const [, from = '', to = ''] = found ?? [];
  if (found === null) return undefined;
  const parts = [
    ...(from === 'MINVALUE' ? [] : [`${column} >= ${from}`]),
    ...(to === 'MAXVALUE' ? [] : [`${column} < ${to}`]),
  ];
  return parts.length === 0 ? `${column} IS NOT NULL` : parts.join(' AND ');
}

function inList(column: string, bounds: string): string | undefined {
  const found = /^FOR VALUES IN \((.*)\)$/s.exec(bounds)?.[1];
  const values = found === undefined ? [] : split(found);
  if (values.length === 0 || !values.every((value) => new RegExp(`^(${LITERAL}|NULL)$`).test(value)))
    return undefined;
  const given = values.filter((value) => value !== 'NULL');
  const nothing = given.length < values.length ? [`${column} IS NULL`] : [];
  return [...(given.length > 0 ? [`${column} IN (${given.join(', ')})`] : []), ...nothing].join(' OR ');
}

/** What stands between the parenthesis at `at` and the one that closes it. */
function balanced(definition: string, at: number): string | undefined {
  for (const { end, depth } of outside(definition, at)) if (depth === 0) return definition.slice(at + 1, end);
  return undefined;
}

/** The parts of a list, at the commas that are in no parentheses and no quotes. */
function split(list: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { end, depth } of outside(`${list},`, 0))
    if (depth === 0 && (list[end] === ',' || end === list.length)) {
      parts.push(list.slice(from, end).trim());
      from = end + 1;
    }
  return parts;
}

/** Every character outside of quotes, with how many parentheses are open behind it. */
function* outside(sql: string, from: number): Generator<{ end: number; depth: number }> {
  let depth = 0;
  let quote: string | undefined;
  for (let at = from; at < sql.length; at++) {
    const char = sql[at];
    if (quote !== undefined) {
      if (char === quote) quote = undefined;
      continue;
    }
    if (char === '"' || char === "'") quote = char;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    yield { end: at, depth };
  }
}
