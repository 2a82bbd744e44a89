import { basename } from 'node:path';
import type { Session } from '../../../db/session.ts';
import type { OpContext } from '../operation.ts';
import type { OpEvent, StepIo } from '../plan.ts';
import { crashPoint } from './crash.ts';
import { runPrograms } from './programs.ts';
import type { RunRecord } from './record.ts';
import { quietly, unwritable } from './unwritable.ts';

type StepEvent = Extract<OpEvent, { type: 'line' | 'waits' | 'progress' | 'result' | 'reveal' }>;
/** An event without its time. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, 'at'> : never;

export interface Surroundings {
  readonly context: OpContext;
  readonly journal: RunRecord;
  readonly applicationName: string;
  readonly signal: AbortSignal;
  /** Sessions to close when the run ends. */
  readonly sessions: Set<Session>;
  readonly emit: (event: Untimed<StepEvent>) => void;
}

/** What step number `step` of a run is given. */
export function stepIo(around: Surroundings, step: number): StepIo {
  const { context, journal, applicationName, signal, sessions } = around;
  const { secrets, host, here, env } = context;
  const line: StepIo['line'] = (text, from = 'note') => {
    const clean = secrets.redact(text);
    quietly(() => journal.write({ type: 'line', step, text: clean, from }));
    around.emit({ type: 'line', step, text: clean, from });
  };
  let waiting = '';
  const waits: StepIo['waits'] = (who, seconds) => {
    const event = {
      who: who === undefined ? null : secrets.redact(who),
      ...(seconds !== undefined && { until: Math.round(context.now().getTime() / 1000 + seconds) * 1000 }),
    };
    const told = who === undefined ? '' : JSON.stringify(event);
    if (told !== waiting) around.emit({ type: 'waits', step, ...event });
    waiting = told;
  };
  return {
    run: journal.id,
    applicationName,
    signal,
    host,
    at: (place) => context.at(place),
    here,
    line,
    waits,
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
    reveal: (what, secret) => around.emit({ type: 'reveal', step, what, secret }),
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
    control: () => context.control(),
    exec: (command, args, { on = host, ...options } = {}) => {
      const one = { line, signal, name: basename(command), redact: (text: string) => secrets.redact(text) };
      return runPrograms((how) => on.run(command, args, how), one, options);
    },
    crashPoint: (name) => crashPoint(env, name),
  };
}
