import { basename } from 'node:path';
import type { Session } from '../../db/session.ts';
import { CommandError, type RunResult } from '../../targets/target.ts';
import type { OpContext } from '../context.ts';
import { OpError } from '../error.ts';
import type { Journal } from '../journal/journal.ts';
import type { ExecOptions, OpEvent, StepIo } from '../operation.ts';
import { crashPoint } from './crash.ts';
import { quietly, unwritable } from './unwritable.ts';

type StepEvent = Extract<OpEvent, { type: 'line' | 'progress' | 'result' }>;
/** An event without its time. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, 'at'> : never;

export interface Surroundings {
  readonly context: OpContext;
  readonly journal: Journal;
  readonly applicationName: string;
  readonly signal: AbortSignal;
  /** Sessions to close when the run ends. */
  readonly sessions: Set<Session>;
  readonly emit: (event: Untimed<StepEvent>) => void;
}

/** Lines of stderr that tell why a program failed. */
const TAIL = 12;

/** What step number `step` of a run is given. */
export function stepIo(around: Surroundings, step: number): StepIo {
  const { context, journal, applicationName, signal, sessions } = around;
  const { secrets, host, env } = context;
  const line: StepIo['line'] = (text, from = 'note') => {
    const clean = secrets.redact(text);
    quietly(() => journal.write({ type: 'line', step, text: clean, from }));
    around.emit({ type: 'line', step, text: clean, from });
  };
  return {
    run: journal.id,
    applicationName,
    signal,
    host,
    line,
    progress: (progress) => around.emit({ type: 'progress', step, ...progress }),
    result: ({ title, columns, rows }) => {
      const table = {
        title,
        columns: [...columns],
        rows: rows.map((row) => row.map((c) => secrets.redact(c))),
      };
      quietly(() => journal.write({ type: 'result', step, table }));
      around.emit({ type: 'result', step, table });
    },
    record: (facts) => {
      try {
        journal.write({ type: 'record', step, facts: { ...facts } });
      } catch (error) {
        throw unwritable(error, context.journal, 'failed');
      }
    },
    connect: async (database, purpose) => {
      const session = await context.open(applicationName, database, purpose);
      sessions.add(session);
      return session;
    },
    exec: (command, args, options = {}) => exec(around, line, command, args, options),
    crashPoint: (name) => crashPoint(env, name),
  };
}

async function exec(
  { context: { host, secrets }, signal }: Surroundings,
  line: StepIo['line'],
  command: string,
  args: readonly string[],
  { accept = [0], quiet, onLine, ...options }: ExecOptions,
): Promise<RunResult> {
  const program = basename(command);
  let result: RunResult;
  try {
    result = await host.run(command, args, {
      ...options,
      signal,
      onLine: (text, from) => {
        if (!quiet) line(text, from);
        onLine?.(text, from);
      },
    });
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'cancelled')
      throw new OpError('cancelled', error.message, undefined, error);
    throw error;
  }
  if (accept.includes(result.exitCode)) return result;
  const said = secrets.redact(result.stderr.trim()).split('\n').slice(-TAIL).join('\n');
  throw new OpError(
    'failed',
    `${program} failed with exit code ${result.exitCode}${said === '' ? '.' : `:\n${said}`}`,
  );
}
