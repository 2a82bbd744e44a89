import type { AnyPoll } from '../db/poll.ts';
import { databasePoll } from '../db/queries/database.ts';
import { walPositionPoll } from '../db/queries/wal.ts';
import type { AnyCounted } from '../monitor/derived/growth.ts';
import type { Figures } from '../monitor/figures.ts';
import type { Check } from './check.ts';
import * as checks from './checks.ts';

/** Every check. */
export const CHECKS: readonly Check[] = Object.values<Check>(checks);

/** What is read for checks, with what the derived figures are made from. */
export function pollsOf(checks: readonly Check[]): readonly AnyPoll[] {
  return [
    ...new Set([
      walPositionPoll,
      databasePoll,
      ...checks.flatMap(({ reads, also = [] }) => [...reads, ...also]),
    ]),
  ];
}

/** The counters whose growth they look at. */
export function countsOf(checks: readonly Check[]): readonly AnyCounted[] {
  return [...new Set(checks.flatMap(({ counts = [] }) => counts))];
}

/** What a check is called. */
export function titleOf(id: string): string {
  return CHECKS.find((check) => check.id === id)?.title ?? id;
}

/**
 * When what a check judges by was read: the oldest of it, since a new figure beside an old list is no new list. In ms of
 * the sampler's clock, or, where it reads nothing of the server, when the facts of the front end were. NaN: never.
 */
export function readAt(id: string, figures: Pick<Figures, 'part'>, outsideAt: number): number {
  const { reads = [] } = CHECKS.find((check) => check.id === id) ?? {};
  if (reads.length === 0) return outsideAt;
  return Math.min(...reads.map((poll) => figures.part(poll).at));
}
