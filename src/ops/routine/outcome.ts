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
    text: `${item.title}: ${text}`,
  });
}

/** An item that is not done now, and why. */
export interface Skipped {
  readonly standing: Standing;
  readonly why: string;
}

/** What became of everything, in the order of the plan. */
export function reportTable(
  items: readonly RoutineItem[],
  ends: ReadonlyMap<string, ItemEnd>,
  skipped: readonly Skipped[],
): ResultTable {
  const why = new Map(skipped.map((one) => [one.standing.item.name, one.why]));
  return {
    title: 'The routine',
    columns: ['Item', 'Result', 'Details', 'Next'],
    rows: items.map(({ name, title }) => {
      const end = ends.get(name);
      if (end !== undefined) return [title, end.status, end.text, end.next ?? ''];
      const reason = why.get(name);
      return reason === undefined ? [title, 'not begun', '', ''] : [title, 'skipped', reason, ''];
    }),
  };
}
