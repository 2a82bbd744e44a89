import { z } from 'zod';
import { parseDuration } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import { defineOperation } from '../engine/operation.ts';
import { planSignal } from './plan.ts';
import type { SignalAction, SignalPick, SignalPlan } from './types.ts';

/** A whole number from 1, as it is typed. */
const whole = (most: number, wrong: (text: string) => string) =>
  z.string().transform((text, context) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 1 && value <= most) return value;
    context.addIssue(wrong(text));
    return z.NEVER;
  });

const pid = whole(2 ** 31 - 1, (text) => `"${text}" is no PID; pgdeck show activity lists them`);
const microseconds = whole(
  Number.MAX_SAFE_INTEGER,
  (text) => `"${text}" is no number of microseconds; pgdeck show activity --json has it as backend_start_us`,
);

const idleness = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds > 0) return seconds;
  context.addIssue(
    seconds === undefined
      ? `"${text}" is no duration: a number with its unit is needed, such as 10m, 90s or 1h30m`
      : `"${text}" is no time that a session can be idle for: more than nothing is needed, such as 10m`,
  );
  return z.NEVER;
});

const named = { backend_start: microseconds.optional(), unverified: z.boolean().default(false) };

interface Named {
  readonly pid: readonly number[];
  readonly backend_start?: number | undefined;
}

const ONE_PID = '--backend-start says which session one PID is: give it with exactly one PID';
const isOne = ({ pid, backend_start }: Named) => backend_start === undefined || pid.length === 1;

const cancelInput = z.object({ pid: z.array(pid).min(1), ...named }).refine(isOne, ONE_PID);

const terminateInput = z
  .object({
    pid: z.array(pid).default([]),
    ...named,
    idle_longer_than: idleness.optional(),
    root_blockers: z.boolean().default(false),
  })
  .superRefine((input, context) => {
    const { pid, idle_longer_than, root_blockers } = input;
    const chosen = [pid.length > 0, idle_longer_than !== undefined, root_blockers].filter(Boolean).length;
    if (chosen === 0)
      context.addIssue(
        'It is not said which session to terminate: give a PID, --idle-longer-than or --root-blockers',
      );
    if (chosen > 1)
      context.addIssue('PIDs, --idle-longer-than and --root-blockers exclude each other: give one of them');
    if (!isOne(input)) context.addIssue(ONE_PID);
  });

const fields = {
  pid: {
    title: 'Sessions',
    hint: 'pid of the session, as in pg_stat_activity',
    argument: true,
  },
  backend_start: {
    title: 'Begun at',
    hint: 'only if the session began then (backend_start_us of show activity)',
    placeholder: 'microseconds',
  },
  unverified: {
    title: 'Unverified',
    hint: 'also a session whose start this role may not see',
  },
};

/** Cancels the running statements of sessions. */
export const cancel = defineOperation({
  id: 'cancel',
  input: cancelInput,
  fields,
  plan: (input, context) => planned('cancel', input, context),
});

/** Ends sessions. */
export const terminate = defineOperation({
  id: 'terminate',
  input: terminateInput,
  fields: {
    ...fields,
    idle_longer_than: {
      title: 'Idle for longer than',
      hint: 'sessions idle for longer, such as 10m; never one in a transaction',
      placeholder: 'duration',
    },
    root_blockers: {
      title: 'Root blockers',
      hint: 'sessions that block others and wait for nobody',
    },
  },
  plan: (input, context) => planned('terminate', input, context),
});

/** A plan reads only; read-only mode refuses to carry it out. */
const planned = (action: SignalAction, input: Input, context: OpContext): Promise<SignalPlan> =>
  planSignal(
    { action, pick: pickOf(input), unverified: input.unverified },
    { place: context.place, readOnly: false, control: () => context.control() },
  );

type Input = z.output<typeof cancelInput> & Partial<z.output<typeof terminateInput>>;

function pickOf({ pid, backend_start, idle_longer_than, root_blockers }: Input): SignalPick {
  if (root_blockers) return { rootBlockers: true };
  if (idle_longer_than !== undefined) return { idleLongerThan: idle_longer_than };
  const start = backend_start !== undefined && { backendStart: backend_start };
  return { pids: pid.map((one) => ({ pid: one, ...start })) };
}
