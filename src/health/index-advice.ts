import type { AnyPoll } from '../db/poll.ts';
import { foreignKeyUnindexedPoll } from '../db/queries/foreign-keys.ts';
import {
  indexCountsPoll,
  indexDuplicatePoll,
  indexInvalidRarePoll,
  indexUnusedRarePoll,
} from '../db/queries/indexes.ts';
import { autovacuumPoll } from '../db/queries/maintain/due.ts';
import type { Session } from '../db/session.ts';
import { Figures } from '../monitor/figures.ts';
import { Reading } from '../monitor/reading.ts';
import { DEFAULT_WANTS } from '../monitor/wants.ts';
import type { IndexAdvice, IndexFacts } from './advice.ts';
import { foreignKeyAdvice } from './checks/foreign-key-unindexed.ts';
import { duplicateAdvice } from './checks/index-duplicate.ts';
import { invalidAdvice } from './checks/index-invalid.ts';
import { unusedAdvice } from './checks/index-unused.ts';

/** What speaks for or against an index by the catalogs: the findings of health, none of them grouped. */
export type CatalogAdvice = IndexAdvice & {
  readonly kind: 'invalid' | 'duplicate' | 'unused' | 'foreign_key';
};

export interface CatalogAdviceReport {
  readonly advice: readonly CatalogAdvice[];
  /** Since when scans are counted, as the server prints it; null: not known. */
  readonly statsSince: string | null;
  /** What could not be read, with the reason. */
  readonly unread: readonly string[];
}

const POLLS: readonly AnyPoll[] = [
  indexInvalidRarePoll,
  indexDuplicatePoll,
  indexUnusedRarePoll,
  foreignKeyUnindexedPoll,
  autovacuumPoll,
  indexCountsPoll,
];

/** Of each kind so many are read: the biggest. */
const MANY = 10_000;

/** Reads the catalogs once. Throws DbError when the connection breaks. */
export async function catalogAdvice(
  session: Session,
  thresholds: IndexFacts['thresholds'],
): Promise<CatalogAdviceReport> {
  const reading = new Reading(session, { ...DEFAULT_WANTS, tableLimit: MANY, indexLimit: MANY });
  await reading.read(POLLS);
  const figures = new Figures(reading, []);
  const facts: IndexFacts = { figures, server: session.server, thresholds };
  const kinds = [
    ['invalid', invalidAdvice],
    ['duplicate', duplicateAdvice],
    ['unused', unusedAdvice],
    ['foreign_key', foreignKeyAdvice],
  ] as const;
  const counted = figures.rows(autovacuumPoll)[0]?.track_counts !== false;
  return {
    advice: kinds.flatMap(([kind, advise]) =>
      // where no scan is counted, none means nothing
      kind === 'unused' && !counted ? [] : advise(facts).map((one) => ({ ...one, kind })),
    ),
    statsSince: figures.rows(indexCountsPoll)[0]?.stats_since ?? null,
    unread: [
      ...POLLS.flatMap((poll) => {
        const { status, reason } = reading.part(poll);
        return status === 'ok' ? [] : [`${poll.query.id}: ${reason ?? 'the server did not answer'}`];
      }),
      ...(counted
        ? []
        : ['track_counts is off: scans are not counted, and which index is unused is not known.']),
    ],
  };
}
