import { z } from 'zod';
import { freedBy, waitGraph } from '../../../db/blocking.ts';
import { quoteLiteral } from '../../../db/ident.ts';
import { lockModeName } from '../../../db/lock-modes.ts';
import type { LockRow } from '../../../db/queries/locks.ts';
import type { Session } from '../../../db/session.ts';
import { duration, plural } from '../../../text/units.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Check, Failure } from '../../engine/plan.ts';
import { preparedErrors } from '../errors.ts';
import { type PreparedTransaction, preparedTransactions } from '../queries/prepared.ts';
import { waitingRows } from '../waiting.ts';
import { endStep, type Known, OUTCOMES, type PreparedOutcome, releaseStep } from './steps.ts';

const WORDS: Readonly<Record<PreparedOutcome, { readonly verb: string; readonly consequence: string }>> = {
  rollback: {
    verb: 'Roll back',
    consequence:
      'What the transaction has changed is discarded. If its transaction manager has committed the other',
  },
  commit: {
    verb: 'Commit',
    consequence:
      'What the transaction has changed becomes permanent. If its transaction manager has rolled back the other',
  },
};

/** Commits or rolls back a transaction that was prepared for two-phase commit, and whose manager does not come back. */
export const prepared = defineOperation({
  id: 'prepared',
  input: z.object({ gid: z.string().min(1), outcome: z.enum(OUTCOMES) }),
  fields: {
    gid: {
      title: 'Transaction',
      hint: 'gid of the prepared transaction, as in pg_prepared_xacts',
      argument: true,
      choices: async (context) => {
        const rows = await (await context.control()).run(preparedTransactions, { gid: null });
        return rows.map((row) => ({ value: row.gid, hint: hintOf(row) }));
      },
      none: () => 'No transaction is prepared on this server.',
    },
    outcome: { title: 'Outcome', hint: 'what its transaction manager has decided: commit or rollback' },
  },
  plan: async ({ gid, outcome }, context) => {
    const session = await context.control();
    const [row] = await session.run(preparedTransactions, { gid });
    const name = quoteLiteral(gid).trim();
    if (row === undefined) throw preparedErrors.none({ name });
    const behind = await heldUp(session, row);
    const { verb, consequence } = WORDS[outcome];
    const state: Known = { ended: false };
    return {
      operation: 'prepared',
      title: `${verb} the prepared transaction ${name}`,
      subject: gid,
      danger: 'confirm',
      writes: true,
      server: context.place,
      input: { gid, outcome },
      facts: [
        { label: 'Transaction', value: `${name}, ${hintOf(row)}` },
        { label: 'Database', value: row.database },
        { label: 'Holds', value: row.holds.map(heldText).join(', ') || 'no relation' },
        { label: 'Frees', value: freesText(behind) },
      ],
      checks: checksOf(row, session, context),
      steps: [
        endStep(row, outcome, state),
        ...(behind === undefined || behind.length === 0 ? [] : [releaseStep(new Set(behind))]),
      ],
      consequence: `${consequence} parts, the databases disagree from then on. This cannot be undone.`,
      leaves: (failure) => leftAs(name, failure, state.ended),
      reaches: () =>
        `What ${name} had changed in ${row.database} is ${outcome === 'commit' ? 'committed' : 'rolled back'}, and its locks are released.`,
    };
  },
});

function hintOf({ owner, database, prepared_seconds }: PreparedTransaction): string {
  return `of ${owner ?? 'a dropped role'} in ${database}, prepared ${duration(prepared_seconds)} ago`;
}

/** `public.orders ROW EXCLUSIVE` */
function heldText(held: string): string {
  return held.replace(/\w+$/, lockModeName);
}

/** Who gets a lock when it ends, in turn; undefined where that could not be read. */
async function heldUp(session: Session, { gid, xid }: PreparedTransaction): Promise<number[] | undefined> {
  let rows: readonly LockRow[];
  try {
    rows = await waitingRows(session);
  } catch {
    // who waits is worth knowing, and no reason not to end what they wait for
    return undefined;
  }
  const root = rows.find((row) => row.gid === gid)?.pid ?? -Number(xid);
  return freedBy(waitGraph(rows), new Set([root]));
}

function freesText(behind: readonly number[] | undefined): string {
  if (behind === undefined) return 'who waits could not be read';
  return behind.length === 0 ? 'nobody waits for it alone' : plural(behind.length, 'waiting session');
}

function checksOf(row: PreparedTransaction, { server }: Session, { place }: OpContext): Check[] {
  const blocks: [title: string, detail: string | false][] = [
    ['Server', server.standby && `${place} is a standby: end it on its primary.`],
    [
      'Privileges',
      !row.may_end &&
        `${server.user} may not end it: connect as ${row.owner ?? 'a superuser'}${row.owner === null ? '' : ' or a superuser'}.`,
    ],
  ];
  const found = blocks.flatMap(([title, detail]): Check[] =>
    detail === false ? [] : [{ title, status: 'block', detail }],
  );
  return found.length > 0
    ? found
    : [{ title: 'Privileges', status: 'ok', detail: `${server.user} may end it.` }];
}

/** The state of the transaction when the run has failed. */
function leftAs(name: string, { done }: Failure, ended: boolean | undefined): string | undefined {
  if (done.has('end')) return `The prepared transaction ${name} has ended.`;
  return ended === undefined
    ? `Whether the prepared transaction ${name} has ended is not known: see pg_prepared_xacts.`
    : `The prepared transaction ${name} is there as before, with its locks.`;
}
