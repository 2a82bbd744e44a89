import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../../files/process.ts';

const RUN_STATUSES = ['running', 'done', 'failed', 'cancelled', 'interrupted'] as const;
/** `interrupted`: the process that did it is gone, and no end was written. */
export type RunStatus = (typeof RUN_STATUSES)[number];

/** plan.json: written once, before anything is done. */
export const planSchema = z.object({
  id: z.string(),
  operation: z.string(),
  /** One line for people. */
  subject: z.string(),
  /** `user@host:port/database`. */
  server: z.string(),
  /** The same as words of the command line. */
  connection: z.array(z.string()).optional(),
  /** What tells the server from every other one, whatever its address is; absent where it does not say. */
  system_identifier: z.string().optional(),
  /** What was asked for; never a secret. */
  input: z.record(z.string(), z.unknown()).default({}),
  who: z.string(),
  host: z.string(),
  pid: z.int(),
  process_started: z.string().nullable(),
  started_at: z.string(),
  /** The job of the crontab that began it. */
  job: z.string().nullable().default(null),
  /** The run that it was a part of: a set-up has several. */
  part_of: z.string().optional(),
  steps: z.array(z.object({ id: z.string().default(''), title: z.string(), preview: z.string() })),
});

const tableSchema = z.object({
  title: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string())),
});

/** A line of events.ndjson. */
const eventSchema = z.object({
  at: z.string(),
  /** Number of the step, from 0; absent for what is about the run. */
  step: z.int().optional(),
  type: z.enum(['start', 'line', 'result', 'finish', 'rollback', 'record', 'end', 'undone', 'recovered']),
  text: z.string().optional(),
  from: z.string().optional(),
  ok: z.boolean().optional(),
  ms: z.number().optional(),
  table: tableSchema.optional(),
  /** What a step has told of its end, of `finish`. */
  outcome: z.object({ kind: z.string(), facts: z.record(z.string(), z.unknown()) }).optional(),
  /** What undo and recover need, of `record`. */
  facts: z.record(z.string(), z.unknown()).optional(),
  status: z.enum(['done', 'failed', 'cancelled']).optional(),
  undo: z.string().nullable().optional(),
  /** The run that took this one back, or cleaned up after it. */
  by: z.string().optional(),
});

export type RunEvent = z.output<typeof eventSchema>;

/** A run as it stands in the journal. */
export interface Run extends z.output<typeof planSchema> {
  readonly ended_at: string | null;
  readonly status: RunStatus;
  /** The command that takes it back; null when there is none, or it was taken back. */
  readonly undo: string | null;
  /** The run that took it back. */
  readonly undone_by: string | null;
  /** The run that finished or removed what this one had left. */
  readonly recovered_by?: string | null;
  /** Everything its steps have recorded. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly events: readonly RunEvent[];
}

/** Where the runs are kept: one directory each, readable by its owner only. */
export function journalDirectory(env: Readonly<Record<string, string | undefined>>, home: string): string {
  return join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'pgdeck', 'runs');
}

/** All runs, newest first. Folders that hold no readable record are passed over. */
export function listRuns(directory: string): Run[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  // an id tells the second only
  return names
    .flatMap((id) => readRun(directory, id) ?? [])
    .sort((a, b) => compare(b.started_at, a.started_at) || compare(b.id, a.id));
}

/** How far {@link newestRuns} goes back. */
const REMEMBERED = 2_000;

/** The runs from the newest on, each read when it is asked for: one may be looked for in a journal of years. */
export function* newestRuns(directory: string): Generator<Run, void> {
  let names: string[];
  try {
    names = readdirSync(directory).sort().reverse().slice(0, REMEMBERED);
  } catch {
    return;
  }
  // an id tells the second only
  for (const ids of Map.groupBy(names, (id) => id.split('-')[0]).values())
    yield* ids
      .flatMap((id) => readRun(directory, id) ?? [])
      .sort((a, b) => compare(b.started_at, a.started_at));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** One run; undefined when there is none of that id. */
export function readRun(directory: string, id: string): Run | undefined {
  if (!/^[\w-]+$/.test(id)) return undefined;
  try {
    const plan = planSchema.parse(JSON.parse(readFileSync(join(directory, id, 'plan.json'), 'utf8')));
    const lines = readFileSync(join(directory, id, 'events.ndjson'), 'utf8').split('\n');
    const events = lines.flatMap((line) => eventOf(line) ?? []);
    const end = events.find((event) => event.type === 'end');
    const by = (type: RunEvent['type']) => events.findLast((event) => event.type === type)?.by ?? null;
    const undone = by('undone');
    return {
      ...plan,
      events,
      facts: Object.assign({}, ...events.map((event) => event.facts)),
      ended_at: end?.at ?? null,
      undone_by: undone,
      recovered_by: by('recovered'),
      undo: undone === null ? (end?.undo ?? null) : null,
      status: end?.status ?? (isAlive(plan) ? 'running' : 'interrupted'),
    };
  } catch {
    return undefined;
  }
}

/** Whether a run may have left something: it was killed, or what it had done could not be taken back. */
export function leftBehind({ status, recovered_by, events }: Run): boolean {
  if (typeof recovered_by === 'string') return false;
  if (status === 'interrupted') return true;
  return status !== 'running' && events.some((event) => event.type === 'rollback' && event.ok === false);
}

/** The last line of a process that was killed may be half written. */
function eventOf(line: string): RunEvent | undefined {
  try {
    return eventSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
