import type { Command } from 'commander';
import { UsageError } from '../config/usage-error.ts';
import type { SignalAction, SignalPick, SignalRequest } from '../ops/signal/types.ts';
import { parseDuration } from '../text/units.ts';
import type { Context } from './context.ts';

interface SignalFlags {
  readonly backendStart?: string;
  readonly idleLongerThan?: string;
  readonly rootBlockers?: boolean;
  readonly unverified?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Cancel and terminate. */
export function register(program: Command, context: Context): void {
  const add = (action: SignalAction, pids: string, description: string) =>
    program
      .command(action)
      .argument(pids, 'pid of the session, as in pg_stat_activity')
      .description(description)
      .option(
        '--backend-start <microseconds>',
        'only if the session began then (backend_start_us of show activity)',
      )
      .option('--unverified', 'also a session whose start this role may not see')
      .option('--yes', 'do it; without, only print who would be hit')
      .option('--json', 'print JSON; with --yes one line per session')
      .action(async (given: string[], flags: SignalFlags, command: Command) => {
        const request = signalRequest(action, given, flags);
        const { resolved } = await context.resolve(command);
        const { signal } = await import('./signal/run.ts');
        context.exitCode = await signal({ resolved, env: context.env }, request, {
          yes: flags.yes ?? false,
          json: flags.json ?? false,
        });
      });
  add('cancel', '<pid...>', 'cancel the running statement of sessions');
  add('terminate', '[pid...]', 'end sessions')
    .option(
      '--idle-longer-than <duration>',
      'sessions idle for longer, such as 10m; never one in a transaction',
    )
    .option('--root-blockers', 'sessions that block others and wait for nobody');
}

/** What is asked for. Throws {@link UsageError}. */
export function signalRequest(
  action: SignalAction,
  given: readonly string[],
  flags: SignalFlags,
): SignalRequest {
  const ways = [given.length > 0, flags.idleLongerThan !== undefined, flags.rootBlockers === true];
  const chosen = ways.filter(Boolean).length;
  if (chosen === 0)
    throw new UsageError(
      `It is not said which session to ${action}.`,
      'Give a PID, --idle-longer-than or --root-blockers.',
    );
  if (chosen > 1)
    throw new UsageError(
      'PIDs, --idle-longer-than and --root-blockers exclude each other.',
      'Give one of them.',
    );
  if (flags.backendStart !== undefined && given.length !== 1)
    throw new UsageError('--backend-start says which session one PID is.', 'Give it with exactly one PID.');
  return { action, pick: pick(given, flags), unverified: flags.unverified ?? false };
}

function pick(given: readonly string[], flags: SignalFlags): SignalPick {
  if (flags.rootBlockers) return { rootBlockers: true };
  if (flags.idleLongerThan !== undefined) {
    const seconds = parseDuration(flags.idleLongerThan);
    if (seconds === undefined || seconds <= 0)
      throw new UsageError(
        seconds === undefined
          ? `"${flags.idleLongerThan}" is no duration: a number with its unit is needed.`
          : `"${flags.idleLongerThan}" is no time that a session can be idle for: more than nothing is needed.`,
        'Write --idle-longer-than 10m, 90s or 1h30m.',
      );
    return { idleLongerThan: seconds };
  }
  const { backendStart } = flags;
  return {
    pids: given.map((text) => ({
      pid: whole(text, 'PID', 2 ** 31 - 1),
      ...(backendStart !== undefined && {
        backendStart: whole(backendStart, '--backend-start', Number.MAX_SAFE_INTEGER),
      }),
    })),
  };
}

function whole(text: string, what: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  throw new UsageError(
    `"${text}" is no ${what}: a whole number is needed.`,
    'pgdeck show activity lists them.',
  );
}
