import { cancelled, defineErrors, failed, refused } from '../error.ts';
import { type Check, withFlag } from './plan.ts';

const LIST = 'See what was done with: pgdeck runs list';
const THERE = 'Name that server with -h and -p, or its profile.';

/** The session that holds the lock of a run. */
export interface LockHolder {
  readonly run: string | undefined;
  readonly pid: number;
  /** null for a process of the server itself. */
  readonly user: string | null;
  /** null when it is on the server's machine. */
  readonly address: string | null;
}

/** `: run 20260102…, session 4711 of ann from 10.0.0.7`; empty where it is over by now. */
function heldBy(holder: LockHolder | undefined): string {
  if (holder === undefined) return '';
  const { run, pid, user, address } = holder;
  const from = address === null ? '' : ` from ${address}`;
  return `: ${run === undefined ? '' : `run ${run}, `}session ${pid}${user === null ? '' : ` of ${user}${from}`}`;
}

export const engineErrors = defineErrors('engine', {
  noRun: ({ run }: { run: string }) => refused(`There is no run "${run}".`, LIST),

  takenBack: ({ run, by }: { run: string; by: string }) =>
    refused(`${run} was undone already, by ${by}.`, LIST),
  running: ({ run }: { run: string }) =>
    refused(`${run} is still running.`, 'Wait for it, or stop it where it runs.'),
  killed: ({ run }: { run: string }) =>
    refused(`${run} was killed before it was done.`, 'Clean up after it first: pgdeck recover'),
  notDone: ({ run, status }: { run: string; status: string }) =>
    refused(`${run} was not done (${status}): it has taken itself back.`, LIST),
  otherUndo: ({ run, command }: { run: string; command: string }) =>
    refused(`${run} is undone by another command.`, `Use: ${command}`),
  noUndo: ({ run, operation }: { run: string; operation: string }) =>
    refused(`${run} (${operation}) cannot be undone.`, LIST),
  otherServer: ({ run, server, here }: { run: string; server: string; here: string }) =>
    refused(`${run} was done on ${server}, and this is ${here}.`, THERE),
  otherSystem: ({ run, server }: { run: string; server: string }) =>
    refused(
      `${run} was done on another server, which ${server} led to then: the one that answers there now has another system identifier.`,
      THERE,
    ),

  /** As the run that was refused has told it. */
  runRefused: ({ why }: { why: string }) => refused(why),
  readOnly: ({ operation }: { operation: string }) =>
    refused(
      `This is read-only mode: ${operation} changes the server.`,
      'Start pgdeck with --no-read-only, or with a profile that is not read-only.',
    ),
  blocked: ({ checks }: { checks: readonly Pick<Check, 'title' | 'detail' | 'answer'>[] }) =>
    refused(checks.map((check) => `${check.title}: ${withFlag(check)}`).join('\n')),
  locked: ({
    family,
    database,
    holder,
  }: {
    family: string;
    database: string;
    holder: LockHolder | undefined;
  }) =>
    refused(
      `Another ${family} of ${database} is running${heldBy(holder)}.`,
      'Wait for it, or see it with: pgdeck runs list',
    ),
  unwritable: ({ journal, code }: { journal: string; code: string }) =>
    failed(
      `The journal in ${journal} cannot be written (${code}), and without it a crash could not be cleaned up.`,
      'Make room or fix its permissions, or name another place with XDG_STATE_HOME.',
    ),

  program: ({ program, exitCode, said }: { program: string; exitCode: number; said: string }) =>
    failed(`${program} failed with exit code ${exitCode}${said === '' ? '.' : `:\n${said}`}`),
  cancelled: ({ why }: { why: string }) => cancelled(why),
});
