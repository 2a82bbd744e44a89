import { cleanLine } from '../../../text/clean.ts';
import type { ResultTable } from '../../engine/plan.ts';
import type { SchemaDifference } from '../../schema/diff.ts';
import type { RehearsalOutcome, RehearsalResult } from './result.ts';

/** Differences that are told one by one; the rest is counted. */
export const TOLD = 8;

/** What a way down forgets, told by what differs from before: `It leaves the column app.orders.note (text).` */
export function forgets(difference: SchemaDifference): string {
  const { kind, object, path, attribute, before, after } = difference;
  if (kind === 'added') return `It leaves the ${object} ${path}${inBrackets(after)}.`;
  if (kind === 'removed') return `It does not bring back the ${object} ${path}${inBrackets(before)}.`;
  if (after === null) return `It does not bring back the ${attribute} of the ${object} ${path}: ${before}.`;
  if (before === null) return `It leaves the ${object} ${path} with ${attribute} ${after}.`;
  return `It leaves the ${attribute} of the ${object} ${path} at ${after}, which was ${before}.`;
}

/** The sentences of several, the first ones in full. */
export function sentences(
  differences: readonly SchemaDifference[],
  say: (difference: SchemaDifference) => string,
): string {
  const told = differences.slice(0, TOLD).map(say);
  const more = differences.length - told.length;
  return [...told, ...(more > 0 ? [`And ${more} more.`] : [])].join(' ');
}

const OUTCOMES: Readonly<Record<RehearsalOutcome, string>> = {
  reversible: 'up, down, up again',
  no_down: 'up; no way down',
  up_failed: 'cannot be applied',
  down_failed: 'cannot be rolled back',
  forgets: 'its way down forgets something',
  not_repeatable: 'cannot be applied again',
  not_tried: 'not tried',
};

/** The result as a table for people. */
export function rehearsalTable({ migrations }: RehearsalResult): ResultTable {
  return {
    title: 'Rehearsal',
    columns: ['version', 'outcome', 'changes', 'ms', 'what'],
    rows: migrations.map(({ version, outcome, changes, ms, message }) => [
      version,
      OUTCOMES[outcome],
      String(changes.length),
      ms === null ? '' : String(ms),
      message,
    ]),
  };
}

function inBrackets(text: string | null): string {
  return text === null || text === '' ? '' : ` (${cleanLine(text.replace(/\s+/g, ' ').trim())})`;
}
