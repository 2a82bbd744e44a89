import type { Poll } from '../db/poll.ts';
import { statementsPoll } from '../db/queries/statements.ts';
import { walPositionPoll } from '../db/queries/wal.ts';
import type { Server } from '../db/server.ts';
import { type AnyCounted, Growth } from './derived/growth.ts';
import { ReplicationLag } from './derived/lag.ts';
import { StatementRates } from './derived/statement-rates.ts';
import { Vitals } from './derived/vitals.ts';
import type { Part } from './snapshot.ts';

/** Where the rows come from: the sampler of a console, or one reading for a command. */
export interface Facts {
  part<Row>(poll: Poll<Row>): Part<Row>;
  readonly server: Server | undefined;
  /** Transactions that reading has cost the server so far, in the database of the connection. */
  readonly ownTransactions?: number;
}

/** What was read, and what follows from several readings. */
export class Figures {
  readonly #facts: Facts;
  readonly #counted: readonly AnyCounted[];
  readonly vitals = new Vitals();
  readonly lag = new ReplicationLag();
  readonly statementRates = new StatementRates();
  readonly growth = new Growth();

  /** @param counted counters whose growth somebody will ask for */
  constructor(facts: Facts, counted: readonly AnyCounted[] = []) {
    this.#facts = facts;
    this.#counted = counted;
  }

  /** Takes in what was read since the last call; called once per round, before anything is shown. */
  observe(): void {
    this.vitals.observe(this.#facts);
    this.growth.observe(this.#facts, this.#counted);
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
