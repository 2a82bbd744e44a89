import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { planSchema, type RunStatus } from '../../ops/engine/journal/runs.ts';
import { isAlive } from '../../ops/files/process.ts';
import { type Copy, copyOf } from '../../ops/kept/kept.ts';

/** A run as a row of a list. */
export interface RunRow {
  readonly id: string;
  readonly operation: string;
  readonly subject: string;
  readonly server: string;
  readonly who: string;
  readonly host: string;
  readonly steps: number;
  readonly status: RunStatus;
  /** Ms since 1970. */
  readonly startedAt: number;
  readonly seconds: number | null;
  /** Its server as words of the command line; none where it is not known. */
  readonly connection: readonly string[];
  /** The command that takes it back; null when there is none, or it was taken back. */
  readonly undo: string | null;
  readonly undoneBy: string | null;
  /** The run that cleaned up after it. */
  readonly recoveredBy: string | null;
  /** It was interrupted, or something could not be taken back: there is something to clean up. */
  readonly left: boolean;
  /** The database that it has made under a name of its own. */
  readonly copy: Copy | undefined;
}

interface Known {
  readonly plan: ReturnType<typeof planSchema.parse>;
  /** Size and time of the events when they were read. */
  stamp: string;
  end: { at: number; status: RunStatus; undo: string | null } | undefined;
  undoneBy: string | null;
  recoveredBy: string | null;
  notTakenBack: boolean;
  copy: Copy | undefined;
}

/** The newest ones; all of them are in the journal. */
const LISTED = 500;
/** How a run ended, and what was done about it, are the last lines of its events; what is before is output. */
const TAIL_BYTES = 16_384;
/** Runs looked at before the keyboard has its turn. */
const AT_ONCE = 25;

/** Reads the list of runs again and again: only what has changed, and of that only plan and end. */
export class RunList {
  readonly #directory: string;
  readonly #known = new Map<string, Known>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Newest first. Never throws: what cannot be read is not listed. */
  async read(now: number): Promise<readonly RunRow[]> {
    const rows: RunRow[] = [];
    for (const [at, id] of this.#ids().entries()) {
      if (at % AT_ONCE === AT_ONCE - 1) await breathe();
      const row = this.#row(id, now);
      if (row) rows.push(row);
    }
    return rows;
  }

  #ids(): readonly string[] {
    try {
      return readdirSync(this.#directory).sort().reverse().slice(0, LISTED);
    } catch {
      return [];
    }
  }

  #row(id: string, now: number): RunRow | undefined {
    try {
      const known = this.#known.get(id) ?? this.#begin(id);
      this.#follow(id, known);
      const { plan, end, undoneBy, recoveredBy, notTakenBack, copy } = known;
      const startedAt = Date.parse(plan.started_at);
      const status = end?.status ?? (isAlive(plan) ? 'running' : 'interrupted');
      const until = end?.at ?? (status === 'running' ? now : null);
      return {
        id,
        operation: plan.operation,
        subject: plan.subject,
        server: plan.server,
        connection: plan.connection ?? [],
        who: plan.who,
        host: plan.host,
        steps: plan.steps.length,
        status,
        startedAt,
        seconds: until === null ? null : (until - startedAt) / 1000,
        undo: undoneBy === null ? (end?.undo ?? null) : null,
        undoneBy,
        recoveredBy,
        copy,
        left: recoveredBy === null && (status === 'interrupted' || (end !== undefined && notTakenBack)),
      };
    } catch {
      return undefined;
    }
  }

  #begin(id: string): Known {
    const plan = planSchema.parse(JSON.parse(readFileSync(join(this.#directory, id, 'plan.json'), 'utf8')));
    const known: Known = {
      plan,
      stamp: '',
      end: undefined,
      undoneBy: null,
      recoveredBy: null,
      notTakenBack: false,
      copy: undefined,
    };
    this.#known.set(id, known);
    return known;
  }

  #follow(id: string, known: Known): void {
    const path = join(this.#directory, id, 'events.ndjson');
    const { size, mtimeMs } = statSync(path);
    const stamp = `${size} ${mtimeMs}`;
    if (stamp === known.stamp) return;
    known.stamp = stamp;
    for (const line of tail(path).split('\n')) {
      // output is most of it, and says nothing here
      if (!/"type":"(end|undone|recovered|rollback|record)"/.test(line)) continue;
      const event = parsed(line);
      if (event?.type === 'end')
        known.end = {
          at: Date.parse(event.at ?? ''),
          status: event.status ?? 'failed',
          undo: event.undo ?? null,
        };
      if (event?.type === 'undone') known.undoneBy = event.by ?? null;
      if (event?.type === 'recovered') known.recoveredBy = event.by ?? null;
      if (event?.type === 'record') known.copy ??= copyOf({ id, facts: event.facts ?? {} });
      if (event?.type === 'rollback' && event.ok === false) known.notTakenBack = true;
    }
  }
}

interface Ending {
  readonly type?: string;
  readonly at?: string;
  readonly status?: RunStatus;
  readonly undo?: string | null;
  readonly by?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly ok?: boolean;
}

function parsed(line: string): Ending | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function tail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8');
  } finally {
    closeSync(file);
  }
}
