import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What is about to be done, and to what; never a secret. */
export interface RunFacts {
  /** `terminate`, `cancel`. */
  readonly operation: string;
  /** One line for people. */
  readonly subject: string;
  /** `user@host:port/database`. */
  readonly server: string;
  readonly steps: readonly { readonly title: string; readonly preview: string }[];
}

export const RUN_STATUSES = ['running', 'done', 'failed', 'cancelled', 'interrupted'] as const;
/** `interrupted`: the process that did it is gone, and no end was written. */
export type RunStatus = (typeof RUN_STATUSES)[number];

const planSchema = z.object({
  id: z.string(),
  operation: z.string(),
  subject: z.string(),
  server: z.string(),
  who: z.string(),
  host: z.string(),
  pid: z.int(),
  process_started: z.string().nullable(),
  started_at: z.string(),
  steps: z.array(z.object({ title: z.string(), preview: z.string() })),
});

const eventSchema = z.object({
  at: z.string(),
  /** Number of the step, from 0; absent for what is about the run. */
  step: z.int().optional(),
  type: z.enum(['start', 'line', 'end', 'finished']),
  text: z.string().optional(),
  ok: z.boolean().optional(),
  status: z.enum(['done', 'failed', 'cancelled']).optional(),
  undo: z.string().nullable().optional(),
});

export type RunEvent = z.output<typeof eventSchema>;

/** A run as it stands in the journal. */
export interface Run extends z.output<typeof planSchema> {
  readonly ended_at: string | null;
  readonly status: RunStatus;
  /** How to take it back; null when there is no way. */
  readonly undo: string | null;
  readonly events: readonly RunEvent[];
}

/** Where the runs are kept: one directory each, readable by its owner only. */
export function journalDirectory(env: Readonly<Record<string, string | undefined>>, home: string): string {
  return join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'pgdeck', 'runs');
}

/**
 * The record of one run. Every entry is on disk before the call returns, so that a killed process leaves a journal
 * that says how far it came. Throws the system's error when the directory cannot be written.
 */
export class Journal {
  readonly id: string;
  readonly #events: number;

  private constructor(id: string, events: number) {
    this.id = id;
    this.#events = events;
  }

  /** Writes down what is about to be done. */
  static begin(directory: string, facts: RunFacts, now = new Date()): Journal {
    const id = `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}-${randomBytes(3).toString('hex')}`;
    const folder = join(directory, id);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    mkdirSync(folder, { mode: 0o700 });
    const plan: z.output<typeof planSchema> = {
      id,
      ...facts,
      steps: [...facts.steps],
      who: userInfo().username,
      host: hostname(),
      pid: process.pid,
      process_started: processStart(process.pid),
      started_at: now.toISOString(),
    };
    const file = openSync(join(folder, 'plan.json'), 'wx', 0o600);
    write(file, `${JSON.stringify(plan, undefined, 2)}\n`);
    closeSync(file);
    const events = openSync(join(folder, 'events.ndjson'), 'ax', 0o600);
    // the names of the new files are entries of the directory, which has to reach the disk too
    const entry = openSync(folder, 'r');
    fsyncSync(entry);
    closeSync(entry);
    return new Journal(id, events);
  }

  startStep(step: number): void {
    this.#put({ type: 'start', step });
  }

  endStep(step: number, ok: boolean, text: string): void {
    this.#put({ type: 'end', step, ok, text });
  }

  /** Closes the record; nothing can be added after. */
  finish(status: 'done' | 'failed' | 'cancelled', undo: string | null = null): void {
    this.#put({ type: 'finished', status, undo });
    closeSync(this.#events);
  }

  #put(event: Omit<RunEvent, 'at'>): void {
    write(this.#events, `${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
  }
}

function write(file: number, text: string): void {
  writeSync(file, text);
  fsyncSync(file);
}

/** All runs, newest first. Folders that hold no readable record are passed over. */
export function listRuns(directory: string): Run[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .sort()
    .reverse()
    .flatMap((id) => readRun(directory, id) ?? []);
}

/** One run; undefined when there is none of that id. */
export function readRun(directory: string, id: string): Run | undefined {
  if (!/^[\w-]+$/.test(id)) return undefined;
  try {
    const plan = planSchema.parse(JSON.parse(readFileSync(join(directory, id, 'plan.json'), 'utf8')));
    const lines = readFileSync(join(directory, id, 'events.ndjson'), 'utf8').split('\n');
    const events = lines.flatMap((line) => eventOf(line) ?? []);
    const finished = events.find((event) => event.type === 'finished');
    return {
      ...plan,
      events,
      ended_at: finished?.at ?? null,
      undo: finished?.undo ?? null,
      status: finished?.status ?? (isAlive(plan) ? 'running' : 'interrupted'),
    };
  } catch {
    return undefined;
  }
}

/** The last line of a process that was killed may be half written. */
function eventOf(line: string): RunEvent | undefined {
  try {
    return eventSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote a record still runs; one on another machine counts as running. */
function isAlive({ pid, host, process_started }: z.output<typeof planSchema>): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return processStart(pid) === process_started;
}

/** What tells a process from another one with the same pid; null where the system does not say. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the command's name stands in parentheses and may hold blanks; starttime is the 20th field after it
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
