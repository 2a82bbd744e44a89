import { cancelled, defineErrors, failed, OpError } from '../../error.ts';

export const swapErrors = defineErrors('restore.swap', {
  superusers: ({ database, pids }: { database: string; pids: readonly number[] }) =>
    failed(
      `This role may not end ${sessions(database, pids)}: only a superuser may end a superuser's session.`,
      'End it there, or connect as a superuser.',
    ),
  others: ({ database, pids, user }: { database: string; pids: readonly number[]; user: string | null }) =>
    failed(
      `This role may not end ${sessions(database, pids)} of ${user}.`,
      'Have a superuser grant it pg_signal_backend.',
    ),
  prepared: ({ database, count }: { database: string; count: number }) =>
    failed(
      `${database} has ${count === 1 ? 'a prepared transaction' : `${count} prepared transactions`}, which would be lost.`,
      'See pg_prepared_xacts, and COMMIT PREPARED or ROLLBACK PREPARED there.',
    ),
  locked: ({ database, pids }: { database: string; pids: readonly number[] }) =>
    failed(
      `${pids.length === 0 ? 'Another session' : `Session ${pids.join(', ')}`} holds a lock on the database ${database}, and did not release it in time.`,
      'Somebody copies, alters or grants it: wait for that to end, and try again.',
    ),
  stayed: ({ database }: { database: string }) =>
    failed(
      `The sessions in ${database} did not leave within 5 seconds.`,
      'See who they are with: pgdeck show activity',
    ),
  connectionBroke: () => failed('The connection that ends the sessions broke.'),
  asItWas: ({
    live,
    why,
    next,
    stopped,
  }: {
    live: string;
    why: string;
    next: string | undefined;
    stopped: boolean;
  }) => (stopped ? cancelled : failed)(`${live} is as it was: ${why}`, next),
});

/** Nobody answers which of the two databases has the name. */
export class Undecided extends OpError {}

export const undecidedErrors = defineErrors(
  'restore.swap',
  {
    undecided: ({ live }: { live: string }) =>
      failed(
        `The connection broke while the names were exchanged, and nobody answers whether ${live} is the old database or the new one; it is one of them, whole.`,
        'When the server answers again, see which with: pgdeck recover',
      ),
  },
  Undecided,
);

function sessions(database: string, pids: readonly number[]): string {
  const who = pids.length === 1 ? 'a session' : `${pids.length} sessions`;
  return `${who} in ${database} (pid ${pids.join(', ')})`;
}
