import type { Thresholds } from '../config/thresholds.ts';
import { tableExactPoll } from '../db/queries/relations.ts';
import type { Session } from '../db/session.ts';
import { Figures } from '../monitor/figures.ts';
import { Reading } from '../monitor/reading.ts';
import { DEFAULT_WANTS } from '../monitor/wants.ts';
import { type Assessment, assess, type Scope } from './assess.ts';
import type { Outside } from './outside.ts';
import { CHECKS, countsOf, pollsOf } from './registry.ts';

/** Rows of a kind that are read at most: what is wrong with a thousand tables is wrong with the server. */
const MANY = 1000;
/** Figures without texts, twice what pg_stat_statements keeps by default: a slow one that runs seldom ranks low. */
const STATEMENTS = 10_000;

export interface LookOptions extends Scope {
  readonly thresholds: Thresholds;
  readonly outside: Outside;
  /** Lets the time of the sample pass between the two readings; true when it was ended before. */
  readonly wait: () => Promise<boolean>;
}

/** What was seen: the judgement, and the figures it is of. */
export interface Seen {
  readonly assessment: Assessment;
  readonly figures: Figures;
}

/**
 * Judges a server by two readings over one connection: what takes a longer window is unknown. Undefined when the wait
 * was ended. Throws DbError when the connection breaks.
 */
export async function look(
  session: Session,
  { thresholds, outside, wait, checks = CHECKS, ...scope }: LookOptions,
): Promise<Seen | undefined> {
  const reading = new Reading(session, {
    ...DEFAULT_WANTS,
    idleSeconds: thresholds.idle_session_seconds,
    activityLimit: MANY,
    tableLimit: MANY,
    indexLimit: MANY,
    statementLimit: STATEMENTS,
    lockLimit: MANY,
  });
  const figures = new Figures(reading, countsOf(checks));
  await reading.read(pollsOf(checks));
  figures.observe();
  if (await wait()) return undefined;
  await reading.read([...pollsOf(checks), tableExactPoll]);
  figures.observe();
  const facts = { figures, server: session.server, thresholds, outside };
  return { assessment: assess(facts, { checks, ...scope }), figures };
}
