import { DbError } from '../../../db/errors.ts';
import { fullName, quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { count } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import type { Parser } from '../../sql/parser.ts';
import type { IndexFacts } from '../queries/facts.ts';
import type { IndexedTable } from '../queries/table.ts';
import { likeness, shapeOf } from '../shape.ts';
import type { Node } from './tree.ts';
import type { Wanted } from './wanted.ts';

/** Seconds that looking for equal keys may take: on a big table it reads and sorts all of it. */
const LOOK_SECONDS = 15;

/** What of the table's own indexes is the wanted one, or does its work. */
export function likeChecks(
  parser: Parser,
  root: Node,
  indexes: readonly IndexFacts[],
  wanted: Wanted,
): Check[] {
  const title = 'Other indexes';
  const own = indexes.filter(({ table_oid }) => table_oid === root.table.oid);
  const found = own.flatMap((one): Check[] => {
    const name = fullName(one.schema, one.name);
    const shape = one.definition === null ? undefined : shapeOf(parser, one.definition);
    if (shape === undefined || one.oid === root.broken?.oid) return [];
    const like = likeness(shape, wanted.shape);
    if (like === undefined) return [];
    if (!one.valid)
      return one.oid === root.there?.oid
        ? [{ title, status: 'warn', detail: `${name} is there and not valid yet: what it lacks is made.` }]
        : [
            {
              title,
              status: 'warn',
              detail: `${name} is alike and INVALID: see pgdeck reindex --index ${name}`,
            },
          ];
    if (like === 'same')
      return [{ title, status: 'block', detail: `It is there already: ${one.definition}` }];
    if (like === 'alike')
      return [
        { title, status: 'warn', detail: `But for types it is the same as ${name}: ${one.definition}` },
      ];
    return [
      {
        title,
        status: 'warn',
        detail: `${name} begins with the same keys and does its work: ${one.definition}`,
      },
    ];
  });
  const locked = own.some(({ definition }) => definition === null);
  if (locked)
    found.push({
      title,
      status: 'warn',
      detail: 'The table is locked: what indexes it has could not be compared.',
    });
  return found.length > 0 ? found : [{ title, status: 'ok', detail: 'None does the same.' }];
}

/** What an earlier run has left, and is removed first. */
export function brokenChecks(nodes: readonly Node[], built: ReadonlyMap<number, number>): Check[] {
  return nodes.flatMap(({ broken }): Check[] => {
    if (broken === undefined) return [];
    const name = fullName(broken.schema, broken.name);
    const pid = built.get(broken.oid);
    return pid === undefined
      ? [
          {
            title: 'Invalid indexes',
            status: 'warn',
            detail: `${name} was begun and not finished: it is removed first.`,
          },
        ]
      : [
          {
            title: 'Invalid indexes',
            status: 'block',
            detail: `Session ${pid} seems to be building ${name} now. Wait until that is done, or cancel it: pgdeck cancel ${pid}`,
          },
        ];
  });
}

export function nameChecks(root: Node, kind: string | undefined): Check[] {
  const title = 'Name';
  const name = fullName(root.table.schema, root.name);
  if (Buffer.byteLength(root.name) > 63)
    return [{ title, status: 'block', detail: `${name} is longer than 63 bytes, and would be cut.` }];
  if (kind === undefined || root.there !== undefined || root.broken !== undefined)
    return [{ title, status: 'ok', detail: `It is called ${name}.` }];
  const what = kind === 'i' || kind === 'I' ? 'an index' : 'a relation';
  return [
    { title, status: 'block', detail: `There is ${what} ${name} already, another one. Give --name another.` },
  ];
}

export function tableChecks(
  { kind, foreign_parts, may_create, schema, name }: IndexedTable,
  { user }: Session['server'],
): Check[] {
  const checks: Check[] = [];
  if (!may_create)
    checks.push({
      title: 'Rights',
      status: 'block',
      detail: `${user} may not create anything in the schema ${schema}: GRANT CREATE ON SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(user)}`,
    });
  if (kind === 'p' && foreign_parts > 0)
    checks.push({
      title: 'Partitions',
      status: 'block',
      detail: `${fullName(schema, name)} has ${foreign_parts} partitions that are foreign tables, which have no indexes: made part by part it would never be valid. With a lock: CREATE INDEX ON ${quoteRelation({ schema, name })} …`,
    });
  return checks;
}

/** The query that lists the keys that rows share. NULLs are no equal keys. */
export function duplicatesSql(
  { schema, name }: Pick<IndexedTable, 'schema' | 'name'>,
  wanted: Wanted,
): string {
  const keys = wanted.keys.map((key, at) => {
    const { column, collation } = wanted.shape.elements[at] ?? {};
    // neither an order nor an operator class is a part of a column's value
    if (column !== undefined && collation === '') return quoteIdent(column);
    return key.replace(/(?: (?:ASC|DESC))?(?: NULLS (?:FIRST|LAST))?$/i, '');
  });
  const known = keys.map((key) => `(${key}) IS NOT NULL`);
  const where = [...known, ...(wanted.where === undefined ? [] : [`(${wanted.where})`])].join(' AND ');
  return `SELECT ${keys.join(', ')}, count(*) FROM ${quoteRelation({ schema, name })} WHERE ${where} GROUP BY ${keys.map((_, at) => at + 1).join(', ')} HAVING count(*) > 1`;
}

/** Looks for rows that a unique index would refuse. Throws DbError when the connection breaks. */
export async function uniqueChecks(
  session: Session,
  table: IndexedTable,
  wanted: Wanted,
  path: string | undefined,
): Promise<Check[]> {
  if (!wanted.unique) return [];
  const title = 'Unique';
  const sql = duplicatesSql(table, wanted);
  try {
    const [row] = await within(
      session,
      path,
      `SELECT count(*)::float8 AS keys, coalesce(sum(count), 0)::float8 AS rows FROM (${sql}) d`,
    );
    const keys = Number(row?.keys ?? 0);
    if (keys === 0) return [{ title, status: 'ok', detail: 'No two rows have equal keys now.' }];
    return [
      {
        title,
        status: 'block',
        detail: `${count(keys)} keys are those of more than one row (${count(Number(row?.rows))} rows). List them: ${sql} ORDER BY count(*) DESC`,
      },
    ];
  } catch (error) {
    if (!(error instanceof DbError) || error.kind === 'lost') throw error;
    return [
      {
        title,
        status: 'warn',
        detail: `Whether rows have equal keys was not found out (${error.message}). It fails then, and takes back what it has begun. To see: ${sql}`,
      },
    ];
  }
}

/** Whether the server understands the expressions and the condition. Throws DbError when the connection breaks. */
export async function syntaxChecks(
  session: Session,
  table: IndexedTable,
  { keys, where, free, shape }: Wanted,
  path: string | undefined,
): Promise<Check[]> {
  if (!free) return [];
  // an operator class or a collation is no part of an expression
  const expressions = keys.filter(
    (_, at) => shape.elements[at]?.column === undefined && bare(shape.elements[at]),
  );
  const selected = expressions.length === 0 ? 'SELECT' : `SELECT ${expressions.join(', ')}`;
  const sql = `${selected} FROM ${quoteRelation(table)}${where === undefined ? '' : ` WHERE (${where})`}`;
  try {
    await within(session, path, `EXPLAIN (COSTS FALSE) ${sql}`);
    return [];
  } catch (error) {
    if (!(error instanceof DbError) || error.kind === 'lost') throw error;
    return [{ title: 'Expression', status: 'block', detail: `The server says: ${error.message}` }];
  }
}

function bare(element: Wanted['shape']['elements'][number] | undefined): boolean {
  return (
    element !== undefined &&
    element.opclass === '' &&
    element.collation === '' &&
    !element.descending &&
    !element.nullsFirst
  );
}

/** One statement that reads, for so long, in a transaction that is rolled back. */
async function within(
  session: Session,
  path: string | undefined,
  sql: string,
): Promise<Record<string, unknown>[]> {
  await session.sql('BEGIN READ ONLY');
  try {
    await session.sql(`SET LOCAL statement_timeout = '${LOOK_SECONDS}s'`);
    if (path !== undefined) await session.sql("SELECT set_config('search_path', $1, true)", [path]);
    return await session.single(sql);
  } finally {
    await session.sql('ROLLBACK').catch(() => {});
  }
}
