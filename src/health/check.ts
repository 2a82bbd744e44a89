import type { Thresholds } from '../config/thresholds.ts';
import type { AnyPoll } from '../db/poll.ts';
import type { Server } from '../db/server.ts';
import type { AnyCounted } from '../monitor/derived/growth.ts';
import type { Figures } from '../monitor/figures.ts';
import type { CategoryId } from './categories.ts';
import type { Judgement } from './finding.ts';
import type { Outside } from './outside.ts';

/** What checks read: what was sampled, what follows from several samples, and what is not the server's to tell. */
export interface Facts {
  readonly figures: Figures;
  readonly server: Server;
  readonly thresholds: Thresholds;
  readonly outside: Outside;
}

/** One thing that can be wrong with a server. Its name is a contract: ids of findings begin with it. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly category: CategoryId;
  /** What fixes it in a word or two, in Markdown, for the manual; operations by their names. */
  readonly fix: string;
  /** What it reads. Where one is denied or was not read, the check is unknown with the reason, and is not asked. */
  readonly reads: readonly AnyPoll[];
  /** What it tells more by, where that can be read: it is judged without it too. */
  readonly also?: readonly AnyPoll[];
  /** The counters of which it needs the growth. */
  readonly counts?: readonly AnyCounted[];
  /** Rows that this role does not see change nothing: what is counted is counted for every role. */
  readonly open?: boolean;
  readonly judge: (facts: Facts) => Judgement;
}

/** Declares a check. */
export function defineCheck(check: Check): Check {
  return check;
}
