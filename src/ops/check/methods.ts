import { quoteRelation } from '../../db/ident.ts';
import type { Server } from '../../db/server.ts';
import type { Ability } from './amcheck.ts';
import type { Part } from './scope.ts';

/** How far the checks go. */
export interface Depth {
  /** Whether each row of the table is in the index. */
  readonly heapallindexed: boolean;
  /** Compares the pages of an index with those above: takes a ShareLock, so that writers wait. */
  readonly parent: boolean;
  /** Reads every value of every row too, which verify_heapam does not. */
  readonly read: boolean;
  /** Counts the rows by an index too: whether the table has lost some that the index knows. */
  readonly lost_rows: boolean;
  /** Has the real pg_dump read each table, to nothing. */
  readonly dump: boolean;
}

/** One way to look at a part. */
export type Method =
  /** Answers nothing, or an error that says what is wrong. */
  | { readonly id: 'index' | 'read'; readonly name: string; readonly sql: string }
  /** Answers a row for each thing that is wrong. */
  | { readonly id: 'heap'; readonly name: string; readonly sql: string }
  /** Answers two numbers: of the rows that an index knows, and of those that the table has. */
  | { readonly id: 'count'; readonly name: string; readonly sql: string }
  /** Answers a row with its value. */
  | { readonly id: 'sequence'; readonly name: string; readonly sql: string }
  /** A program. */
  | { readonly id: 'dump'; readonly name: string };

/** What is done with a part, or why nothing is. */
export type Ways = { readonly methods: readonly Method[] } | { readonly why: string };

/** Rows of verify_heapam that are told; one damaged page can make thousands. */
const HEAP_ROWS = 20;

/** What can be done with a part on this server, by this role. */
export function waysOf(
  part: Part,
  {
    ability,
    depth,
    server,
  }: { readonly ability: Ability; readonly depth: Depth; readonly server: Pick<Server, 'standby'> },
): Ways {
  if (server.standby && (part.index?.unlogged ?? part.table.unlogged))
    return { why: 'it is unlogged, and a standby has nothing of it' };
  if (part.index !== undefined) return indexWays(part, part.index, ability, depth);
  return part.kind === 'sequence' ? sequenceWays(part) : tableWays(part, ability, depth);
}

function indexWays(
  part: Part,
  { method, valid, unique }: NonNullable<Part['index']>,
  ability: Ability,
  { heapallindexed, parent }: Depth,
): Ways {
  if (!valid) return { why: `it is invalid; to repair it: pgdeck reindex --index ${part.shown}` };
  if (method === 'gin' && ability.gin !== undefined)
    return { methods: [{ id: 'index', name: 'gin_index_check', sql: callOf(ability.gin, part) }] };
  if (method === 'gin') return { why: 'amcheck checks GIN indexes from 18 on' };
  if (method !== 'btree') return { why: `amcheck has no check for ${method} indexes` };
  const called = parent ? ability.parentCheck : ability.indexCheck;
  const name = parent ? 'bt_index_parent_check' : 'bt_index_check';
  if (called === undefined) return { why: `${name} of amcheck is not there, or not permitted` };
  // positions, not names: rootdescend stands before checkunique in the one of them only
  const more = !(ability.unique && unique) ? [] : parent ? [false, true] : [true];
  return {
    methods: [{ id: 'index', name, sql: callOf(called, part, heapallindexed, ...more) }],
  };
}

function sequenceWays(part: Part): Ways {
  const denied = deniedReading(part);
  if (denied !== undefined) return { why: denied };
  // the function looks at the page's own mark too, which a SELECT does not
  const sql = `SELECT pg_sequence_last_value(${regclass(part)}), (SELECT last_value FROM ${quoteRelation(part)}) AS value`;
  return { methods: [{ id: 'sequence', name: 'read', sql }] };
}

function tableWays(part: Part, { heap }: Ability, { read, dump, lost_rows: lost }: Depth): Ways {
  const { table, kind } = part;
  if (!table.populated) return { why: 'it was never filled: there are no rows' };
  const methods: Method[] = [];
  if (heap !== undefined && table.method === 'heap')
    methods.push({
      id: 'heap',
      name: 'verify_heapam',
      sql: `SELECT blkno::int8::text, offnum, attnum, msg, count(*) OVER ()::int AS found FROM ${heap}(${regclass(part)}, false, true) LIMIT ${HEAP_ROWS}`,
    });
  // with its table the values in it are read
  if (kind === 'toast') return methods.length > 0 ? { methods } : { why: 'it is read with its table' };
  if (read || methods.length === 0) {
    const denied = deniedReading(part);
    if (denied === undefined) methods.push({ id: 'read', name: 'read', sql: readSql(part) });
    else if (methods.length === 0) return { why: denied };
  }
  if ((lost || isShorter(part)) && part.knownBy !== undefined && deniedReading(part) === undefined)
    methods.push({ id: 'count', name: COUNT, sql: countSql(part) });
  if (dump) methods.push({ id: 'dump', name: 'pg_dump' });
  return { methods };
}

/** Whether it has fewer pages than the last VACUUM or ANALYZE has seen, who would have noted it if they had cut it. */
export function isShorter({ kind, bytes, table }: Part): boolean {
  return kind === 'table' && bytes < table.noted_bytes;
}

/** The name of that way. */
export const COUNT = 'count by index';

/** A condition that every row meets, and that no index can answer. */
export const FROM_TABLE = "r.ctid <> '(0,0)'::tid";

/**
 * Counts the rows in one snapshot by an index and by the table itself. Pages that VACUUM has marked as seen by all are
 * not looked at for the first number: what was emptied or cut off since counts there, and only there.
 */
function countSql(part: Part): string {
  const from = `FROM ONLY ${quoteRelation(part)} AS r`;
  return `SELECT (SELECT count(*) ${from})::float8 AS known, (SELECT count(*) ${from} WHERE ${FROM_TABLE})::float8 AS there`;
}

/** Why not every row can be read; undefined where it can. */
export function deniedReading({ table }: Part): string | undefined {
  if (!table.readable) return 'this role may not read it';
  return table.filtered ? 'row-level security hides rows of it from this role' : undefined;
}

const regclass = ({ oid }: Part): string => `${oid}::regclass`;

function callOf(called: string, part: Part, ...given: readonly boolean[]): string {
  return `SELECT ${called}(${[regclass(part), ...given].join(', ')})`;
}

/**
 * Reads every value of every row, those in the TOAST table too, as COPY does: by the output functions of their types.
 * Only their length leaves the server.
 */
export function readSql({ schema, name }: Part, where = ''): string {
  return `SELECT count((r.*)::text) FROM ONLY ${quoteRelation({ schema, name })} AS r${where}`;
}
