import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { thisProcess } from '../../files/process.ts';
import type { planSchema, RunEvent } from './runs.ts';

/** What is about to be done, and to what; never a secret. */
export interface RunFacts {
  /** `terminate`, `backup`. */
  readonly operation: string;
  /** One line for people. */
  readonly subject: string;
  /** `user@host:port/database`. */
  readonly server: string;
  /** The same as words of the command line, not quoted. */
  readonly connection?: readonly string[];
  readonly system_identifier?: string | undefined;
  readonly input?: Readonly<Record<string, unknown>>;
  /** The job of the crontab that began it. */
  readonly job?: string | undefined;
  /** The run that it is a part of. */
  readonly part_of?: string | undefined;
  readonly steps: readonly { readonly id?: string; readonly title: string; readonly preview: string }[];
}

/** An id for a run: when it began, and what tells it from others that began in the same second. */
export function newRunId(now = new Date()): string {
  return `${now.toISOString().slice(0, 19).replace(/[-:]/g, '')}-${randomBytes(3).toString('hex')}`;
}

/**
 * The record of one run. Every entry is on disk before the call returns, so that a killed process leaves a journal
 * that says how far it came. Throws the system's error when the directory cannot be written.
 */
export class Journal {
  readonly id: string;
  readonly #events: number;
  /** The last entry was written in part, as on a full disk: the next one must not be lost with it. */
  #torn = false;

  private constructor(id: string, events: number) {
    this.id = id;
    this.#events = events;
  }

  /** Writes down what is about to be done. */
  static begin(directory: string, facts: RunFacts, now = new Date(), id = newRunId(now)): Journal {
    const folder = join(directory, id);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    mkdirSync(folder, { mode: 0o700 });
    const plan: z.output<typeof planSchema> = {
      id,
      ...facts,
      connection: [...(facts.connection ?? [])],
      input: { ...facts.input },
      job: facts.job ?? null,
      ...(facts.part_of !== undefined && { part_of: facts.part_of }),
      steps: facts.steps.map((step) => ({ id: '', ...step })),
      who: userInfo().username,
      ...thisProcess(),
      started_at: now.toISOString(),
    };
    const file = openSync(join(folder, 'plan.json'), 'wx', 0o600);
    writeSync(file, `${JSON.stringify(plan, undefined, 2)}\n`);
    fsyncSync(file);
    closeSync(file);
    const events = openSync(join(folder, 'events.ndjson'), 'ax', 0o600);
    // the names of the new files are entries of the directory, which has to reach the disk too
    const entry = openSync(folder, 'r');
    fsyncSync(entry);
    closeSync(entry);
    return new Journal(id, events);
  }

  startStep(step: number): void {
    this.write({ type: 'start', step });
  }

  finishStep(step: number, ok: boolean, text: string, outcome?: RunEvent['outcome']): void {
    this.write({ type: 'finish', step, ok, text, ...(outcome && { outcome }) });
  }

  /** Closes the record; nothing can be added after. */
  end(status: 'done' | 'failed' | 'cancelled', undo: string | null = null, text?: string): void {
    this.write({ type: 'end', status, undo, ...(text !== undefined && { text }) });
    closeSync(this.#events);
  }

  /** Adds an entry. A line of output is not waited for: losing the last ones in a crash loses nothing that is needed. */
  write(event: Omit<RunEvent, 'at'>): void {
    try {
      if (this.#torn) writeSync(this.#events, '\n');
      this.#torn = false;
      writeEvent(this.#events, event);
    } catch (error) {
      this.#torn = true;
      throw error;
    }
  }
}

/** Notes in a run that ended long ago that another run has taken it back. */
export function markUndone(directory: string, id: string, by: string): void {
  append(directory, id, { type: 'undone', by });
}

/** Notes in a run that was killed that another run has finished or removed what it had left. */
export function markRecovered(directory: string, id: string, by: string): void {
  append(directory, id, { type: 'recovered', by });
}

function append(directory: string, id: string, event: Omit<RunEvent, 'at'>): void {
  const file = openSync(join(directory, id, 'events.ndjson'), 'a+', 0o600);
  try {
    // the process may have been killed in the middle of a line, and this one must not be lost with it
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    if (size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== '\n')
      writeSync(file, '\n');
    writeEvent(file, event);
  } finally {
    closeSync(file);
  }
}

function writeEvent(file: number, event: Omit<RunEvent, 'at'>): void {
  const line = Buffer.from(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`);
  // a disk that fills up takes a part and says nothing; it is the next attempt that fails
  for (let written = 0; written < line.length; ) written += writeSync(file, line, written);
  if (event.type !== 'line') fsyncSync(file);
}
