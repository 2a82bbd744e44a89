import { fullName, quoteRelation } from '../../db/ident.ts';
import type { MaintenanceLock } from '../../db/queries/maintain/locks.ts';
import type { MaintainTable } from '../../db/queries/maintain/tables.ts';
import { type Options, optionList } from './options.ts';
import type { MaintainScope } from './scope.ts';

/** One statement, which is one step. */
export interface MaintainWork {
  /** Stable: the journal tells by it how long the same took before. */
  readonly id: string;
  /** For people: `public.orders`. */
  readonly name: string;
  readonly title: string;
  readonly verb: 'VACUUM' | 'ANALYZE';
  readonly options: Options;
  /** What the statement names. */
  readonly tables: readonly MaintainTable[];
  /** What it looks at: of a partitioned table also the partitions. */
  readonly touched: readonly MaintainTable[];
}

export function sqlOf({ verb, options, tables }: MaintainWork): string {
  const only = options.only ? 'ONLY ' : '';
  const names = tables.map((one) => `${only}${quoteRelation(one)}`);
  const list = ['VERBOSE', ...optionList(options)].join(', ');
  return `${verb} (${list}) ${names.join(', ')}`;
}

/** The lock that is held until the table is done. */
export function lockOf({ options }: Pick<MaintainWork, 'options'>): MaintenanceLock {
  return options.full ? 'AccessExclusiveLock' : 'ShareUpdateExclusiveLock';
}

export function vacuumWork(options: Options, tables: readonly MaintainTable[], major: number): MaintainWork {
  const [only, ...more] = tables;
  const group = more.length > 0 || only === undefined;
  const name = group ? `${tables.length} system catalogs` : fullName(only.schema, only.name);
  const what = options.full ? 'full' : 'vacuum';
  return {
    id: group ? `${what}:catalogs` : `${what}:${name}`,
    name,
    title: `${options.full ? 'Rewrite' : 'Vacuum'}${options.analyze ? ' and analyze' : ''} ${name}`,
    verb: 'VACUUM',
    // each table is a step of its own; from 18 on it would bring along what inherits from it
    options: { ...options, only: major >= 18 && tables.some((one) => one.has_children) },
    tables,
    touched: tables,
  };
}

export function analyzeWork(
  options: Pick<Options, 'skip_locked' | 'buffer_usage_limit'>,
  tables: readonly MaintainTable[],
  major: number,
  leaves: readonly MaintainTable[] = [],
): MaintainWork {
  const [only, ...more] = tables;
  const group = more.length > 0 || only === undefined;
  const name = group ? `${tables.length} system catalogs` : fullName(only.schema, only.name);
  const alone = major >= 18 && tables.some((one) => one.has_children);
  const along = alone ? [] : leaves;
  const { skip_locked, buffer_usage_limit } = options;
  return {
    id: group ? 'analyze:catalogs' : `analyze:${name}`,
    name,
    title: `Analyze ${name}${along.length > 0 ? ` with its ${along.length === 1 ? 'partition' : `${along.length} partitions`}` : ''}`,
    verb: 'ANALYZE',
    options: { ...(skip_locked && { skip_locked }), buffer_usage_limit, only: alone },
    tables,
    touched: [...tables, ...along],
  };
}

/**
 * Partitioned tables whose statistics are made in steps of their own. Before 18 ANALYZE of one takes all its
 * partitions along, so that those of the topmost ones are enough, and a partition below needs no step.
 */
export function analyzedParents(
  { partitioned, leaves }: MaintainScope,
  major: number,
): { readonly parents: readonly MaintainTable[]; readonly covered: ReadonlySet<number> } {
  if (major >= 18) return { parents: partitioned, covered: new Set() };
  const oids = new Set(partitioned.map(({ oid }) => oid));
  const parents = partitioned.filter(({ partition_of }) => partition_of === null || !oids.has(partition_of));
  const covered = new Set(parents.flatMap(({ oid }) => (leaves.get(oid) ?? []).map((leaf) => leaf.oid)));
  return { parents, covered };
}
