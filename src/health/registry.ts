import type { AnyPoll } from '../db/poll.ts';
import { databasePoll } from '../db/queries/database.ts';
import { walPositionPoll } from '../db/queries/wal.ts';
import type { AnyCounted } from '../monitor/derived/growth.ts';
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
