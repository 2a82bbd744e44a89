import type { RoutineItem } from '../../config/routine.ts';
import { Outcome } from '../engine/outcome.ts';
import type { ResultTable } from '../engine/plan.ts';
import type { Standing } from './due.ts';
import { workText } from './words.ts';

/**
 * `ok`; `warning`: done, with something to know of; `done`: an operation or a command; `found`: a check has found what
 * somebody has to see to; `not known`: nothing could be looked at; `failed`; `cancelled`.
 */
export type ItemStatus = 'ok' | 'warning' | 'done' | 'found' | 'not known' | 'failed' | 'cancelled';

/** What an item of the routine has come to. */
export interface ItemEnd {
  readonly status: ItemStatus;
  /** Sentences. */
  readonly text: string;
  /** What comes next: a command, SQL, or what a person has to do. */
  readonly next?: string;
  /** Of `next` or another finding, the command of pgdeck. */
  readonly command?: string;
  /** Of an operation: its own run. */
  readonly run?: string;
}

const WELL: readonly ItemStatus[] = ['ok', 'warning', 'done'];

export const endedWell = ({ status }: ItemEnd): boolean => WELL.includes(status);

/** The end of an item as its step answers it, and the journal keeps it. */
export function outcomeOf(item: RoutineItem, end: ItemEnd): Outcome {
  const { status, text, run, next } = end;
  return new Outcome({
    kind: `routine_${status.replaceAll(' ', '_')}`,
    facts: {
      ...{ item: item.name, every: item.every, work: workText(item), status },
      ...(run !== undefined && { run }),
      ...(next !== undefined && { next }),
    },
    ok: endedWell(end),
    // a check of the same name has said it
    text: text.startsWith(`${item.title}: `) ? text : `${item.title}: ${text}`,
  });
}

/** An item that is not done now, and why. */
export interface Skipped {
  readonly standing: Standing;
  readonly why: string;
}

/** What became of everything, in the order of the plan. What each has told stands with its step. */
export function reportTable(
  items: readonly RoutineItem[],
  ends: ReadonlyMap<string, ItemEnd>,
  skipped: readonly Skipped[],
): ResultTable {
  const why = new Map(skipped.map((one) => [one.standing.item.name, shortly(one)]));
  const reasons = (reason: string) => (skipped.length === 0 ? [] : [reason]);
  return {
    title: 'The routine',
    columns: ['Item', 'Result', ...reasons('')],
    rows: items.map(({ name, title }) => {
      const end = ends.get(name);
      if (end !== undefined) return [title, end.status, ...reasons('')];
      const reason = why.get(name);
      return reason === undefined
        ? [title, 'not begun', ...reasons('')]
        : [title, 'skipped', ...reasons(reason)];
    }),
  };
}

/** What somebody has to do, or may. */
export function nextTable(items: readonly RoutineItem[], ends: ReadonlyMap<string, ItemEnd>): ResultTable {
  return {
    title: 'What comes next',
    columns: ['Item', 'What', 'How'],
    rows: items.flatMap(({ name, title }) => {
      const { status, text, next } = ends.get(name) ?? {};
      if (status === undefined || text === undefined || next === undefined || status === 'done') return [];
      return [[title, text, next]];
    }),
  };
}

/** `not due until 2026-12-06`, and of what is done each day `not due until 21:48 UTC`. */
function shortly({ standing: { due, dueAt, item }, why }: Skipped): string {
  if (due || dueAt === null) return why;
  const at = new Date(dueAt).toISOString();
  return `not due until ${item.every === 'daily' ? `${at.slice(11, 16)} UTC` : at.slice(0, 10)}`;
}
