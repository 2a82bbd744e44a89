import { THRESHOLDS } from '../config/thresholds.ts';
import type { Wants } from '../db/poll.ts';

/** What the console asks for until it knows better. */
export const DEFAULT_WANTS: Wants = {
  activityLimit: 100,
  queryChars: 400,
  idle: false,
  idleSeconds: THRESHOLDS.idle_session_seconds.default,
  tableLimit: 60,
  shownTables: undefined,
  indexLimit: 200,
  statementLimit: 100,
  waitingBlockers: 8,
  keptOids: [],
  lockLimit: 300,
};
