import { quoteIdent } from '../../../../db/ident.ts';
import type { SchemaObject } from '../../format.ts';
import { partsOfName, quoted } from '../names.ts';
import { type Addition, addition, type Statement } from '../statement.ts';
import { parentsOf, type Sides, text } from '../structure.ts';
import { commentLock, commentOf } from './comment.ts';
import { sameName } from './sequences.ts';

const PART = String.raw`(?:"(?:[^"]|"")+"|[^\s".]+)`;
const DEFINITION = new RegExp(
  String.raw`^CREATE (UNIQUE )?INDEX ${PART} ON (?:ONLY )?(${PART}\.${PART}) (USING [\s\S]+)$`,
  'u',
);

/** `concurrently`: while others write; `plain`: on a new table; `only`: of a partitioned table, without its partitions. */
export type IndexManner = 'concurrently' | 'plain' | 'only';

/** How it is made; undefined where the definition is none of this index. */
export function indexOf(index: SchemaObject, manner: IndexManner): Statement | undefined {
  const found = DEFINITION.exec(text(index, 'definition') ?? '');
  const table = index.name.slice(0, 2);
  const [, unique = '', on = '', rest = ''] = found ?? [];
  if (found === null || !sameName(partsOfName(on) ?? [], table)) return undefined;
  const own = quoteIdent(index.name[2] ?? '');
  const how = manner === 'concurrently' ? 'CONCURRENTLY ' : '';
  const only = manner === 'only' ? 'ONLY ' : '';
  return {
    sql: `CREATE ${unique}INDEX ${how}${own} ON ${only}${quoted(table)} ${withTablespace(rest, index)}`,
    back: `DROP INDEX ${manner === 'concurrently' ? 'CONCURRENTLY ' : ''}${quoted([table[0] ?? '', index.name[2] ?? ''])}`,
  };
}

/** pg_get_indexdef() does not tell it. It stands before WHERE, which is the last there is. */
function withTablespace(rest: string, index: SchemaObject): string {
  const tablespace = text(index, 'tablespace');
  if (tablespace === undefined) return rest;
  const at = rest.lastIndexOf(' WHERE ');
  const words = ` TABLESPACE ${quoteIdent(tablespace)}`;
  return at < 0 ? `${rest}${words}` : `${rest.slice(0, at)}${words}${rest.slice(at)}`;
}

/**
 * An index of a table that is there, built while others write. That of a partitioned table is made of those of its
 * partitions, which are built first: it holds a lock for a moment only, and is valid when it is there.
 */
export function makeIndex(index: SchemaObject, sides: Sides): Addition[] | undefined {
  const table = index.name.slice(0, 2);
  if (sides.expected.of('table', table)?.attributes.partition_key === undefined) {
    const statement = indexOf(index, 'concurrently');
    if (statement === undefined) return undefined;
    const unique = statement.sql.startsWith('CREATE UNIQUE');
    return [
      addition(index, 'index', [statement], {
        alone: true,
        on: table,
        lock: 'ShareUpdateExclusiveLock',
        ...(unique && { reads: { kind: 'unique' as const, definition: statement.sql } }),
      }),
      ...commented(index),
    ];
  }
  return makePartitioned(index, table, sides);
}

function makePartitioned(
  index: SchemaObject,
  table: readonly string[],
  { actual, expected }: Sides,
): Addition[] | undefined {
  const only = indexOf(index, 'only');
  if (only === undefined) return undefined;
  const parts = expected
    .children([table[0] ?? '', index.name[2] ?? ''])
    .filter(({ kind }) => kind === 'index');
  const covered = new Set(parts.map(({ name }) => JSON.stringify(name.slice(0, 2))));
  // partitions that nobody expects have to have one, too, or it never becomes valid
  const more = actual.children(table).filter(({ name }) => !covered.has(JSON.stringify(name)));
  const extra = more.map((partition) => partIndex(index, partition));
  const attach = [...parts, ...extra.map(({ index: one }) => one)].map(({ name }) => ({
    sql: `ALTER INDEX ${quoted([table[0] ?? '', index.name[2] ?? ''])} ATTACH PARTITION ${quoted([name[0] ?? '', name[2] ?? ''])}`,
  }));
  return [
    ...extra.flatMap(({ additions }) => additions),
    addition(index, 'index', [only, ...attach, ...commentOf(index)], {
      on: table,
      lock: 'ShareLock',
      after: [...parts, ...extra.map(({ index: one }) => one)].map(({ name }) => name),
      note: 'those of its partitions are built before, while others write',
    }),
  ];
}

/** The same index for a partition that the expected structure does not know. */
function partIndex(
  index: SchemaObject,
  partition: SchemaObject,
): { index: SchemaObject; additions: Addition[] } {
  const name = [...partition.name.slice(0, 2), `${partition.name[1]}_${index.name[2]}`.slice(0, 60)];
  const on = quoted(partition.name);
  const definition = (text(index, 'definition') ?? '').replace(
    DEFINITION,
    (_, unique: string | undefined, _on: string, rest: string) =>
      `CREATE ${unique ?? ''}INDEX ${quoteIdent(name[2] ?? '')} ON ${on} ${rest}`,
  );
  const made: SchemaObject = { kind: 'index', name, attributes: { definition } };
  const statement = indexOf(made, 'concurrently');
  return {
    index: made,
    additions:
      statement === undefined
        ? []
        : [
            addition(made, 'index', [statement], {
              alone: true,
              on: partition.name.slice(0, 2),
              lock: 'ShareUpdateExclusiveLock',
            }),
          ],
  };
}

function commented(index: SchemaObject): Addition[] {
  const comments = commentOf(index);
  return comments.length === 0 ? [] : [addition(index, 'comment', comments, commentLock(index))];
}

/** Makes an index of a partition a part of its parent's, where that is there already; a new one takes it itself. */
export function attachment(index: SchemaObject, { actual }: Sides): Addition[] {
  const [parent] = parentsOf(index);
  if (parent === undefined) return [];
  const there = actual
    .inside(parent.slice(0, 1))
    .find(({ kind, name }) => kind === 'index' && name[2] === parent[1]);
  if (there === undefined) return [];
  const sql = `ALTER INDEX ${quoted(parent)} ATTACH PARTITION ${quoted([index.name[0] ?? '', index.name[2] ?? ''])}`;
  return [
    addition(index, 'index', [{ sql }], { on: there.name.slice(0, 2), lock: 'ShareUpdateExclusiveLock' }),
  ];
}
