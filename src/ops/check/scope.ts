import { fullName } from '../../db/ident.ts';
import { bytes } from '../../text/units.ts';
import { leafFinder } from '../maintain/shared/partitions.ts';
import { resolveRelation } from '../relations/resolve.ts';
import type { CheckIndex, CheckTable } from './queries/inventory.ts';

/** One thing with a file of its own, which is damaged or not. */
export interface Part {
  readonly kind: 'table' | 'toast' | 'index' | 'sequence';
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `public.orders`. */
  readonly shown: string;
  readonly bytes: number;
  /** Its own, or the one it belongs to. */
  readonly table: CheckTable;
  /** Of an index. */
  readonly index?: CheckIndex;
  /** Of a table: B-tree indexes that know all of its rows. */
  readonly knownBy?: readonly Part[];
}

/** What one step checks. */
export interface Work {
  readonly kind: 'table' | 'index' | 'catalogs' | 'sequences';
  readonly shown: string;
  readonly parts: readonly Part[];
  readonly bytes: number;
}

/** What is not looked at, and why: a sentence's end. */
export interface Skipped {
  readonly part: Part;
  readonly why: string;
}

export interface Asked {
  readonly table: readonly string[];
  readonly index: readonly string[];
  /** Relations above so many bytes are left out; undefined: none. */
  readonly maxBytes: number | undefined;
  /** Whether tables are looked at, not only their indexes. */
  readonly heap: boolean;
}

export interface CheckScope {
  /** The smallest first: most is known soonest. */
  readonly works: readonly Work[];
  readonly leftOut: readonly Skipped[];
  /** Nothing was named: everything there is. */
  readonly whole: boolean;
}

/**
 * Finds what is meant: the leaves of partitioned tables and indexes; everything where nothing is named. Throws
 * {@link file://../error.ts OpError} for a name that is not there, with those that are alike.
 */
export function chooseWorks(
  tables: readonly CheckTable[],
  indexes: readonly CheckIndex[],
  asked: Asked,
): CheckScope {
  const whole = asked.table.length + asked.index.length === 0;
  const leavesOf = leafFinder(tables);
  const indexLeavesOf = leafFinder(indexes);
  const byOid = new Map(tables.map((one) => [one.oid, one]));
  const indexesOf = Map.groupBy(
    indexes.filter(({ kind }) => kind === 'i'),
    (one) => one.table_oid,
  );
  const meant = new Set(
    whole
      ? tables.filter(({ kind }) => kind !== 'p')
      : asked.table.flatMap((name) => leavesOf(resolveRelation(tables, name))),
  );
  const single = new Set(
    asked.index.flatMap((name) => indexLeavesOf(resolveRelation(indexes, name, { what: 'index' }))),
  );
  const leftOut: Skipped[] = [];
  const kept = (part: Part): boolean => {
    if (asked.maxBytes === undefined || part.bytes <= asked.maxBytes) return true;
    leftOut.push({ part, why: `it has ${bytes(part.bytes)}, more than --max-size` });
    return false;
  };
  const sequencesOf = Map.groupBy(
    tables.filter(({ kind }) => kind === 'S'),
    (one) => one.sequence_of,
  );
  const partsOf = (table: CheckTable): Part[] => {
    const ofIndexes = (indexesOf.get(table.oid) ?? []).map((index) => indexPart(index, table));
    const sequences = (sequencesOf.get(table.oid) ?? []).flatMap((one) => heapParts(one, []));
    return [...(asked.heap ? [...heapParts(table, ofIndexes), ...sequences] : []), ...ofIndexes].filter(kept);
  };
  const owned = ({ sequence_of: of }: CheckTable) => of !== null && byOid.has(of);
  // those of a table are read with it
  const own = [...meant].filter((one) => !whole || !(one.system || one.kind === 'S'));
  const free = whole ? [...meant].filter((one) => one.kind === 'S' && !owned(one)).flatMap(partsOf) : [];
  const catalogs = whole ? [...meant].filter(({ system }) => system).flatMap(partsOf) : [];
  const works = [
    ...(free.length > 0 ? [workOf('sequences', 'the sequences of no table', free)] : []),
    ...own.map((table) => workOf('table', fullName(table.schema, table.name), partsOf(table))),
    ...[...single].flatMap((index) => {
      const table = byOid.get(index.table_oid);
      if (table === undefined || meant.has(table)) return [];
      const part = indexPart(index, table);
      return [workOf('index', part.shown, [part].filter(kept))];
    }),
  ]
    .filter(({ parts }) => parts.length > 0)
    .sort((a, b) => a.bytes - b.bytes || (a.shown < b.shown ? -1 : 1));
  return {
    // what everything else is read by comes first
    works: catalogs.length === 0 ? works : [workOf('catalogs', 'the system catalogs', catalogs), ...works],
    leftOut,
    whole,
  };
}

function workOf(kind: Work['kind'], shown: string, parts: readonly Part[]): Work {
  return { kind, shown, parts, bytes: parts.reduce((sum, part) => sum + part.bytes, 0) };
}

function heapParts(table: CheckTable, indexes: readonly Part[]): Part[] {
  const { oid, schema, name, toast_oid: toast, toast_name: toastName } = table;
  const knownBy = indexes.filter(
    ({ index }) => index?.method === 'btree' && index.valid && index.whole && !index.toast,
  );
  const heap: Part = {
    kind: table.kind === 'S' ? 'sequence' : 'table',
    oid,
    schema,
    name,
    shown: fullName(schema, name),
    bytes: table.bytes,
    table,
    ...(knownBy.length > 0 && { knownBy }),
  };
  if (toast === 0 || toastName === null) return [heap];
  const shown = fullName('pg_toast', toastName);
  return [
    heap,
    {
      kind: 'toast',
      oid: toast,
      schema: 'pg_toast',
      name: toastName,
      shown,
      bytes: table.toast_bytes,
      table,
    },
  ];
}

function indexPart(index: CheckIndex, table: CheckTable): Part {
  const { oid, schema, name } = index;
  return {
    kind: 'index',
    oid,
    schema,
    name,
    shown: fullName(schema, name),
    bytes: index.bytes,
    table,
    index,
  };
}
