import { setTimeout as delay } from 'node:timers/promises';
import type { Plan, StepIo } from '../../engine/plan.ts';
import { factsOfTables, statusOf } from './recover.ts';

/** The server rolls back by itself, and needs a moment for it. */
const PATIENCE_MS = 5_000;
const LOOK_MS = 100;

/** What became of the one transaction that a restore of tables is. */
export class TablesOutcome {
  #transaction: string | undefined;
  #status: string | undefined;

  /** Notes what is recorded before the transaction ends. */
  begun(facts: Readonly<Record<string, unknown>>): void {
    this.#transaction = factsOfTables(facts);
  }

  /** Asks the server after a failure: a connection may break at COMMIT, and then nobody knows without asking. */
  async ask(io: StepIo): Promise<void> {
    if (this.#transaction === undefined) return;
    try {
      const session = await io.connect();
      try {
        const until = performance.now() + PATIENCE_MS;
        do this.#status = await statusOf(session, this.#transaction);
        while (this.#status === 'in progress' && performance.now() < until && (await delay(LOOK_MS, true)));
      } finally {
        await session.close();
      }
    } catch {
      // the server is gone: what is not known is said to be so
    }
  }

  /** The state of the tables when the run has failed. */
  get leaves(): NonNullable<Plan['leaves']> {
    return ({ done }) => {
      if (done.has('tables') || this.#status === 'committed')
        return 'The tables were restored, wholly: the transaction was committed.';
      if (this.#transaction === undefined || this.#status === 'aborted')
        return 'The tables are as they were.';
      return 'Whether the tables were restored is not known, since the server did not say: all of them were, or none.';
    };
  }
}
