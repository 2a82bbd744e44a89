import type { Thresholds } from '../../config/thresholds.ts';
import type { Poll } from '../../db/poll.ts';
import { statementsPoll } from '../../db/queries/statements.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import type { Server } from '../../db/server.ts';
import type { Level } from '../../health/level.ts';
import { ReplicationLag } from '../../monitor/derived/lag.ts';
import { StatementRates } from '../../monitor/derived/statement-rates.ts';
import { Vitals } from '../../monitor/derived/vitals.ts';
import type { Part } from '../../monitor/snapshot.ts';
import type { Tone } from '../../text/line.ts';
import type { RunRow } from '../runs/read.ts';
import type { Shown, Sort } from './rows.ts';

/** Where the rows come from: the sampler of a console, or one reading for a command. */
export interface Facts {
  part<Row>(poll: Poll<Row>): Part<Row>;
  readonly server: Server | undefined;
  /** Transactions that reading has cost the server so far, in the database of the connection. */
  readonly ownTransactions?: number;
}

/** What a view showed when it was last computed, and from what. */
interface Memo {
  readonly filter: string;
  readonly sort: Sort;
  readonly open: ReadonlySet<string>;
  readonly round: number;
  readonly apart: boolean;
  readonly shown: Shown;
}

/** The facts every view is computed from: what was read, and what follows from several readings. */
export class Model {
  readonly #facts: Facts;
  readonly thresholds: Thresholds;
  readonly vitals = new Vitals();
  readonly lag = new ReplicationLag();
  readonly statementRates = new StatementRates();
  /** What pgdeck has done, from its journal. */
  runs: readonly RunRow[] = [];
  /** By view: computed once per round of the sampler and setting of the table. */
  readonly shown = new Map<string, Memo>();

  constructor(facts: Facts, thresholds: Thresholds) {
    this.#facts = facts;
    this.thresholds = thresholds;
  }

  /** Takes in what the sampler has read; called once per round, before anything is shown. */
  observe(): void {
    this.vitals.observe(this.#facts);
    const position = this.#facts.part(walPositionPoll).rows[0];
    this.lag.observe(position);
    if (position) this.statementRates.observe(this.#facts.part(statementsPoll).rows, position.server_ms);
  }

  get server(): Server | undefined {
    return this.#facts.server;
  }

  part<Row>(poll: Poll<Row>): Part<Row> {
    return this.#facts.part(poll);
  }

  rows<Row>(poll: Poll<Row>): readonly Row[] {
    return this.#facts.part(poll).rows;
  }
}

/** The tone that a level is shown in. */
export const LEVEL_TONE: Readonly<Record<Level, Tone | undefined>> = {
  normal: undefined,
  warn: 'warn',
  alert: 'alert',
  critical: 'critical',
};

/** A value with the mark of its level, which says the same without colour. */
export function marked(level: Level, text: string): string {
  return `${LEVEL_MARK[level]}${text}`;
}

/** The same with the mark at the end, where the value is not one of a column. */
export function markedBehind(level: Level, text: string): string {
  return `${text}${LEVEL_MARK[level]}`;
}

const LEVEL_MARK: Readonly<Record<Level, string>> = {
  normal: '',
  warn: '!',
  alert: '!!',
  critical: '!!!',
};
