import type { Thresholds } from '../config/thresholds.ts';
import type { Session } from '../db/session.ts';
import { Figures } from '../monitor/figures.ts';
import { Reading } from '../monitor/reading.ts';
import { DEFAULT_WANTS } from '../monitor/wants.ts';
import { type Assessment, assess } from './assess.ts';
import type { Check } from './check.ts';
import type { Outside } from './outside.ts';
import { CHECKS, countsOf, pollsOf } from './registry.ts';
import type { Waiver } from './waivers.ts';

/** Rows of a kind that are read at most: what is wrong with a thousand tables is wrong with the server. */
const MANY = 1000;

export interface LookOptions {
  readonly thresholds: Thresholds;
  readonly outside: Outside;
  readonly waivers?: readonly Waiver[];
  readonly checks?: readonly Check[];
  /** Lets the time of the sample pass between the two readings; true when it was ended before. */
  readonly wait: () => Promise<boolean>;
}

/**
 * Judges a server by two readings over one connection: what takes a longer window is unknown. Undefined when the wait
 * was ended. Throws DbError when the connection breaks.
 */
export async function look(
  session: Session,
  { thresholds, outside, waivers = [], checks = CHECKS, wait }: LookOptions,
): Promise<Assessment | undefined> {
  const reading = new Reading(session, {
    ...DEFAULT_WANTS,
    idleSeconds: thresholds.idle_session_seconds,
    activityLimit: MANY,
    tableLimit: MANY,
    indexLimit: MANY,
    statementLimit: MANY,
    lockLimit: MANY,
  });
  const figures = new Figures(reading, countsOf(checks));
  await reading.read(pollsOf(checks));
  figures.observe();
  if (await wait()) return undefined;
  await reading.read(pollsOf(checks));
  figures.observe();
  return assess({ figures, server: session.server, thresholds, outside }, waivers, checks);
}
