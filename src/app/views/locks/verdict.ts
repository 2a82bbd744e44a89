import type { Cure } from '../../../db/cures.ts';
import { shortRelation } from '../../../db/ident.ts';
import { summaryPoll } from '../../../db/queries/activity.ts';
import type { LockRow } from '../../../db/queries/locks.ts';
import { levelOf } from '../../../health/level.ts';
import { rootBlockers } from '../../../monitor/lock-tree.ts';
import { cleanLine } from '../../../text/clean.ts';
import { type Line, span } from '../../../text/line.ts';
import { duration } from '../../../text/units.ts';
import { width } from '../../../text/width.ts';
import { LEVEL_TONE, type Model, marked } from '../../core/model.ts';
import { cureText } from './cure-text.ts';
import { lockForest } from './entries.ts';

/** What is told at most on one line; `B` lists all. */
const TOLD = 3;
/** So many are worth more than what they wait for. */
const LEAST_TOLD = 2;

/** How a verdict is written where it stands. */
export interface Writing {
  /** Cells. */
  readonly room: number;
  /** Between its parts. */
  readonly dot: string;
  /** The key that opens the options. */
  readonly key?: string;
}

/**
 * What would help those who wait, strongest first, with what it costs: `57 wait on orders, longest 1m02s · end 2133+2136
 * frees 57 · cancel 2150 (ALTER, flyway) frees 56`. Empty where nobody waits. Who it is gives way before anything else.
 */
export function verdictLine(model: Model, { room, dot, key }: Writing): Line {
  const { forest, cures } = lockForest(model);
  if (forest.waiters === 0) return [];
  const best = unlike(cures).slice(0, TOLD);
  const sign = ` ${dot} `;
  const between = key === undefined || best.length === 0 ? sign : `${sign}${key}: `;
  const heads = headsOf(model);
  for (let n = best.length; n > 0; n--)
    for (const named of [true, false]) {
      const tail = best
        .slice(0, n)
        .map((cure) => told(model, cure, named))
        .join(sign);
      // who it is gives way to what they wait for and how long
      const kept = named || n > LEAST_TOLD ? heads.slice(0, 2) : heads;
      const head = kept.find((one) => width(`${one}${between}${tail}`) <= room);
      if (head !== undefined) return parts(model, head, between, tail);
    }
  const held = best.length === 0 ? heldBy(model) : key === undefined ? '' : `${key}: unblock`;
  const head = heads.find((one) => width(`${one}${sign}${held}`) <= room) ?? heads.at(-1) ?? '';
  return parts(model, head, sign, held);
}

/** What holds them up that nobody can end: `held up by autovacuum worker 4711`. */
function heldBy(model: Model): string {
  const { forest } = lockForest(model);
  const [row] = rootBlockers(forest).filter(({ backend_type }) => backend_type !== 'client backend');
  return row?.backend_type ? `held up by ${row.backend_type} ${row.pid}` : '';
}

function parts(model: Model, head: string, between: string, tail: string): Line {
  const tone = LEVEL_TONE[waitLevel(model)] ?? 'warn';
  return [span(head, tone), ...(tail === '' ? [] : [span(between, 'muted'), span(tail, 'accent')])];
}

const longestWait = (model: Model): number | null =>
  lockForest(model).entries.reduce<number | null>(
    (most, { row }) => (row.wait_seconds === null ? most : Math.max(most ?? 0, row.wait_seconds)),
    null,
  );

const waitLevel = (model: Model) => levelOf('lock_wait_seconds', longestWait(model), model.thresholds);

/** Who waits for what and how long, the longest text first. */
function headsOf(model: Model): string[] {
  const longest = longestWait(model);
  const count = countText(model);
  const on = `${count} ${waitedFor(lockForest(model).entries.map(({ row }) => row))}`;
  const time = duration(longest);
  const heads = longest === null ? [on, count] : [`${on}, longest ${time}`, `${on}, ${time}`, on, count];
  return heads.map((head) => marked(waitLevel(model), head));
}

/** Waiters from which it is told how many are left out. */
const MANY = 100;

/** Waiters in all; where there are more than were read, how many of them this is about. */
function countText(model: Model): string {
  const { waiters } = lockForest(model).forest;
  const all = beyond(model);
  if (all !== undefined) return `${all} wait, the first ${waiters} shown,`;
  return `${waiters} ${waiters === 1 ? 'waits' : 'wait'}`;
}

/** How many wait in all, where that is more than were read. */
function beyond(model: Model): number | undefined {
  const { waiters } = lockForest(model).forest;
  // the two are counted a moment apart: few more are not worth a word
  const all = model.rows(summaryPoll)[0]?.lock_waiting ?? 0;
  return waiters >= MANY && all > waiters ? all : undefined;
}

/** `on orders`, `on orders and 2 others` (relations, and locks on something else), `for row locks`. Safe to print. */
function waitedFor(rows: readonly LockRow[]): string {
  const waiting = rows.filter((row) => row.mode !== null);
  const relations = [...Map.groupBy(waiting, ({ relation }) => relation)]
    .flatMap(([relation, of]) => (relation === null ? [] : [{ relation, n: of.length }]))
    .sort((a, b) => b.n - a.n);
  const [first] = relations;
  if (first !== undefined) {
    const elsewhere = new Set(
      waiting.filter(({ relation }) => relation === null).map(({ locktype }) => locktype),
    );
    const more = relations.length - 1 + elsewhere.size;
    const others = more === 0 ? '' : ` and ${more} ${more === 1 ? 'other' : 'others'}`;
    return `on ${cleanLine(shortRelation(first.relation) ?? '')}${others}`;
  }
  const types = new Set(waiting.map(({ locktype }) => locktype));
  if (types.size !== 1) return 'for locks';
  const [type] = types;
  if (type === 'advisory') return 'for advisory locks';
  if (type === 'transactionid') return 'for row locks';
  return type === 'virtualxid' ? 'for transactions to end' : 'for locks';
}

/** The gentler of two that hit the same sessions with the same effect stands for both. */
function unlike(cures: readonly Cure[]): Cure[] {
  const seen = new Set<string>();
  return cures.filter(({ pids, frees }) => {
    const key = `${pids.join()} ${frees.length}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** `end 2133+2136 frees 57`. Safe to print. */
function told(model: Model, cure: Cure, named: boolean): string {
  const { byPid } = lockForest(model).forest;
  const frees = cure.frees.length;
  const number = beyond(model) === undefined ? String(frees) : `${frees} or more`;
  return `${cureText(cure, (pid) => byPid.get(pid)?.row, named)} frees ${number}`;
}
