import type { MaintainTable } from '../../db/queries/maintain/tables.ts';
import { resolveRelation, resolveSchemaOf } from '../relations/resolve.ts';
import { leafFinder } from './shared/partitions.ts';
import { byDue, type Doing, isDue } from './urgency.ts';

/** What a person has asked for; neither tables nor schemas: the whole database. */
export interface ScopeInput {
  readonly table: readonly string[];
  readonly schema: readonly string[];
  /** Only what autovacuum would do now. */
  readonly due: boolean;
  /** Tables without their partitions. */
  readonly only: boolean;
}

export interface MaintainScope {
  /** Everything that holds rows and is meant, the most urgent first, without {@link MaintainScope.catalogs}. */
  readonly tables: readonly MaintainTable[];
  /** Partitioned tables that are meant; statistics of their own are made of them. */
  readonly partitioned: readonly MaintainTable[];
  /** The system catalogs of a whole database. */
  readonly catalogs: readonly MaintainTable[];
  /** Named by somebody, and not permitted. */
  readonly denied: readonly MaintainTable[];
  /** Left out, because it is not permitted. */
  readonly leftOut: readonly MaintainTable[];
  /** There are tables that are meant, due or not, and none of them is permitted. */
  readonly nothingMay: boolean;
  /** Oids of the partitions, at any depth, of each partitioned table. */
  readonly leaves: ReadonlyMap<number, readonly MaintainTable[]>;
  readonly whole: boolean;
}

/** Finds what is meant. Throws {@link file://../error.ts OpError} for a name that is not there, with those that are alike. */
export function chooseTables(all: readonly MaintainTable[], input: ScopeInput, doing: Doing): MaintainScope {
  const named = input.table.map((text) => resolveRelation(all, text));
  const schemas = input.schema.map((text) => resolveSchemaOf(all, text));
  const whole = named.length + schemas.length === 0;
  const leaves = leavesOf(all);
  const roots = [...named, ...all.filter(({ schema }) => whole || schemas.includes(schema))];
  const meant = new Set<MaintainTable>();
  for (const root of roots) {
    meant.add(root);
    if (!input.only) for (const leaf of leaves.get(root.oid) ?? []) meant.add(leaf);
  }
  const due = (one: MaintainTable) =>
    one.kind === 'p' ? (leaves.get(one.oid) ?? []).some((leaf) => isDue(leaf, doing)) : isDue(one, doing);
  const wanted = [...meant].filter((one) => !input.due || due(one));
  const may = wanted.filter((one) => one.may).sort(byDue(doing));
  const mayNot = wanted.filter((one) => !one.may);
  const group = (one: MaintainTable) => whole && one.system;
  return {
    tables: may.filter((one) => one.kind !== 'p' && !group(one)),
    partitioned: may.filter(({ kind }) => kind === 'p'),
    catalogs: may.filter((one) => one.kind !== 'p' && group(one)),
    denied: mayNot.filter((one) => named.includes(one)),
    // whoever owns a database of others does not hear of their catalogs
    leftOut: mayNot.filter((one) => !named.includes(one) && !group(one)),
    nothingMay: meant.size > 0 && ![...meant].some((one) => one.may),
    leaves,
    whole,
  };
}

/** The tables that hold the rows of partitioned ones. */
function leavesOf(all: readonly MaintainTable[]): ReadonlyMap<number, readonly MaintainTable[]> {
  const leaves = leafFinder(all);
  return new Map(all.filter(({ kind }) => kind === 'p').map((one) => [one.oid, leaves(one)]));
}
