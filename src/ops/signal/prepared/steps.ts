import { quoteLiteral } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import { preparedErrors } from '../errors.ts';
import { type PreparedTransaction, preparedTransactions } from '../queries/prepared.ts';
import { effectSentence } from '../sentences.ts';
import { effectOn } from '../waiting.ts';

export const OUTCOMES = ['rollback', 'commit'] as const;
export type PreparedOutcome = (typeof OUTCOMES)[number];

/** What is known of the transaction: false while it is there, undefined while it is being ended. */
export interface Known {
  ended: boolean | undefined;
}

/** Ends it, from a session in its own database: in another one PostgreSQL refuses. */
export function endStep(row: PreparedTransaction, outcome: PreparedOutcome, known: Known): Step {
  const name = quoteLiteral(row.gid).trim();
  const sql = `${outcome === 'commit' ? 'COMMIT' : 'ROLLBACK'} PREPARED ${name}`;
  return {
    id: 'end',
    title: `${outcome === 'commit' ? 'Commit' : 'Roll back'} ${name} in ${row.database}`,
    preview: `${sql};`,
    effect: 'its locks are released',
    run: async (io) => {
      const session = await io.connect(row.database);
      if (!(await isThere(session, row))) throw preparedErrors.changed({ name });
      known.ended = undefined;
      try {
        await session.sql(sql);
      } catch (error) {
        // a connection that breaks may break after the end: what counts is what the server has
        known.ended = !(await isThere(await io.control(), row));
        if (!known.ended) throw error;
      }
      if (await isThere(await lookFrom(io, session), row)) {
        known.ended = false;
        throw preparedErrors.stillThere({ name });
      }
      known.ended = true;
      io.line(`${name} is ${outcome === 'commit' ? 'committed' : 'rolled back'}.`);
    },
  };
}

async function lookFrom(io: StepIo, session: Session): Promise<Session> {
  return session.lost ? io.control() : session;
}

/** The same transaction: its name may have been given to another one since. */
async function isThere(session: Session, { gid, xid, prepared_us }: PreparedTransaction): Promise<boolean> {
  const rows = await session.run(preparedTransactions, { gid });
  return rows.some((row) => row.xid === xid && row.prepared_us === prepared_us);
}

/** Sees who has got a lock by it. */
export function releaseStep(behind: ReadonlySet<number>): Step {
  return {
    id: 'effect',
    title: 'See who is released',
    preview: '',
    independent: true,
    run: async (io) => {
      const waiters = await effectOn(behind, await io.control(), io.signal);
      io.line(effectSentence({ kind: 'effect', waiters }));
    },
  };
}
