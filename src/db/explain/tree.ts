import { milliseconds } from '../../text/units.ts';
import type { PlanDocument, PlanNode } from './plan.ts';

/** A node as it is shown. */
export interface TreeRow {
  /** 0 is the top. */
  readonly depth: number;
  /** `Index Scan using orders_pkey on orders`. */
  readonly title: string;
  /** Conditions and what they cost, as the server words them. */
  readonly details: readonly string[];
  /** Share of 1 of the time of all nodes (of their cost, where it was not run) that this one takes itself; null: nothing does. */
  readonly own: number | null;
  /** The same in whole per cent: those of a plan are 100 together. */
  readonly percent: number | null;
  /** Rows that the planner expects each time that it is done. */
  readonly planned: number | null;
  /** Rows that there were each time; null where it was not run, or never came to it. */
  readonly real: number | null;
  /** How many times more rows than planned there were; below 1: fewer. */
  readonly off: number | null;
  /** It was run, and this node never began. */
  readonly never: boolean;
  /** Worth looking at: it takes much of the time, or the planner was far off. */
  readonly slow: boolean;
  readonly wrong: boolean;
}

/** From this share of the time on a node is marked. */
const SLOW = 0.3;
/** So many times more or fewer rows than planned, and at least so many of difference. */
const WRONG = 10;
const WRONG_ROWS = 100;

/** Facts of a node that are told, in this order; with `: ` before the value unless it says otherwise. */
const TOLD = [
  'Index Cond',
  'Recheck Cond',
  'Hash Cond',
  'Merge Cond',
  'Join Filter',
  'TID Cond',
  'One-Time Filter',
  'Filter',
  'Rows Removed by Filter',
  'Rows Removed by Join Filter',
  'Rows Removed by Index Recheck',
  'Heap Fetches',
  'Lossy Heap Blocks',
  'Sort Key',
  'Presorted Key',
  'Group Key',
  'Cache Key',
  'Sort Method',
  'Hash Batches',
  'Disk Usage',
  'Workers Planned',
  'Workers Launched',
  'Subplans Removed',
  'Function Call',
  'Conflict Resolution',
  'Shared Read Blocks',
  'Temp Written Blocks',
] as const;

/** The nodes from the top down, each with its own share. Pure; texts are the server's and not cleaned. */
export function treeRows(plans: PlanDocument): TreeRow[] {
  return plans.flatMap(({ Plan }) => {
    const own = ownOf(Plan);
    const all = sum([...own.values()]);
    return withPercents(rowsOf(Plan, 0, own, all));
  });
}

/** Each is rounded down; what is then left of 100 goes to those that have lost most by that. */
function withPercents(rows: readonly Omit<TreeRow, 'percent'>[]): TreeRow[] {
  const exact = rows.map(({ own }) => (own ?? 0) * 100);
  const whole = exact.map(Math.floor);
  const lost = (at: number) => (exact[at] ?? 0) - (whole[at] ?? 0);
  const left = Math.round(sum(exact)) - sum(whole);
  const most = [...exact.keys()].sort((a, b) => lost(b) - lost(a)).slice(0, left);
  return rows.map((row, at) => ({
    ...row,
    percent: row.own === null ? null : (whole[at] ?? 0) + (most.includes(at) ? 1 : 0),
  }));
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

/** Where the sum of the time went beside the nodes, in a line: planning, execution, triggers. */
export function timesOf([first]: PlanDocument): string {
  const times = [
    ['planned in', first?.['Planning Time']],
    ['run in', first?.['Execution Time']],
  ] as const;
  const triggers = (first?.Triggers ?? []).map(
    (one) => `trigger ${one['Trigger Name']} ${milliseconds(one.Time)}`,
  );
  return [
    ...times.flatMap(([what, ms]) => (ms === undefined ? [] : [`${what} ${milliseconds(ms)}`])),
    ...triggers,
  ].join(', ');
}

function rowsOf(
  node: PlanNode,
  depth: number,
  own: ReadonlyMap<PlanNode, number>,
  all: number,
): Omit<TreeRow, 'percent'>[] {
  const share = all > 0 ? (own.get(node) ?? 0) / all : null;
  const planned = node['Plan Rows'] ?? null;
  const loops = node['Actual Loops'];
  const never = loops === 0;
  const real = loops === undefined || never ? null : (node['Actual Rows'] ?? null);
  const off = real === null || planned === null ? null : Math.max(real, 1) / Math.max(planned, 1);
  const far = off !== null && (off >= WRONG || off <= 1 / WRONG);
  const children = node.Plans ?? [];
  return [
    {
      depth,
      title: titleOf(node),
      details: detailsOf(node),
      own: share,
      planned,
      real,
      off,
      never,
      // one that stands alone is all of the time, which says nothing
      slow: share !== null && share >= SLOW && (depth > 0 || children.length > 0),
      wrong: far && Math.abs((real ?? 0) - (planned ?? 0)) * (loops ?? 1) >= WRONG_ROWS,
    },
    ...children.flatMap((child) => rowsOf(child, depth + 1, own, all)),
  ];
}

/** Milliseconds of all its loops where it was run, those of workers added; else cost. */
function totalOf(node: PlanNode): number {
  const ms = node['Actual Total Time'];
  return ms === undefined ? (node['Total Cost'] ?? 0) : ms * (node['Actual Loops'] ?? 1);
}

/** What each node takes without those below it. A CTE is done in the time of who reads it, wherever it stands. */
function ownOf(top: PlanNode): Map<PlanNode, number> {
  const ctes = new Map<unknown, number>();
  const own = new Map<PlanNode, number>();
  const visit = (node: PlanNode): void => {
    let left = totalOf(node);
    for (const child of node.Plans ?? []) {
      const name = /^CTE (.*)$/s.exec(String(child['Subplan Name'] ?? ''))?.[1];
      if (name === undefined) left -= totalOf(child);
      else ctes.set(name, totalOf(child));
      visit(child);
    }
    own.set(node, Math.max(0, left));
  };
  visit(top);
  // the first who reads it waits for it
  for (const [node, ms] of own) {
    const cte = node['Node Type'] === 'CTE Scan' ? node['CTE Name'] : undefined;
    const spent = ctes.get(cte);
    if (spent === undefined) continue;
    own.set(node, Math.max(0, ms - spent));
    ctes.delete(cte);
  }
  return own;
}

const text = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : String(value);

/** As EXPLAIN's text has it. */
function titleOf(node: PlanNode): string {
  const type = node['Node Type'];
  const kind =
    type === 'ModifyTable'
      ? String(node.Operation ?? type)
      : `${node['Parallel Aware'] === true ? 'Parallel ' : ''}${aggregateOf(node)}${joined(node)}`;
  const index = text(node['Index Name']);
  const relation = text(node['Relation Name']) ?? text(node['CTE Name']) ?? text(node['Function Name']);
  const alias = text(node.Alias);
  const subplan = text(node['Subplan Name']);
  return [
    ...(subplan === undefined ? [] : [`${subplan}:`]),
    kind,
    ...(node['Scan Direction'] === 'Backward' ? ['Backward'] : []),
    ...(index === undefined ? [] : [type === 'Bitmap Index Scan' ? `on ${index}` : `using ${index}`]),
    ...(relation === undefined ? [] : [`on ${relation}`]),
    ...(alias === undefined || alias === relation ? [] : [relation === undefined ? `on ${alias}` : alias]),
  ].join(' ');
}

function aggregateOf(node: PlanNode): string {
  if (node['Node Type'] !== 'Aggregate') return node['Node Type'];
  const how: Record<string, string> = {
    Hashed: 'HashAggregate',
    Sorted: 'GroupAggregate',
    Mixed: 'MixedAggregate',
  };
  const partial = node['Partial Mode'];
  return `${partial === undefined || partial === 'Simple' ? '' : `${partial} `}${how[String(node.Strategy)] ?? 'Aggregate'}`;
}

function joined(node: PlanNode): string {
  const type = text(node['Join Type']);
  if (type === undefined || type === 'Inner') return '';
  return ` (${type})`;
}

function detailsOf(node: PlanNode): string[] {
  return TOLD.flatMap((name) => {
    const value = node[name];
    if (value === undefined || value === null || value === 0 || (name === 'Hash Batches' && value === 1))
      return [];
    const words = Array.isArray(value) ? value.join(', ') : String(value);
    if (name === 'Sort Method')
      return [
        `${name}: ${words}, ${String(node['Sort Space Type'] ?? '')} ${String(node['Sort Space Used'] ?? '?')} kB`,
      ];
    return [`${name}: ${words}`];
  });
}
