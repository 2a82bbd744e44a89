import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Alert } from '../alerts/alert.ts';
import { type Env, home } from '../config/libpq/env.ts';
import { SEVERITIES as GRAVE } from '../config/notify.ts';
import { SEVERITIES } from '../health/finding.ts';
import type { Address, Kept } from '../notify/delivery.ts';
import { isAlive, type ProcessMark, thisProcess } from '../ops/files/process.ts';

/** What a watch leaves for the next one. */
export interface Left {
  readonly alerts: readonly Alert[];
  /** Messages that have not arrived yet. */
  readonly pending: readonly Kept[];
  /** Who was told of the alerts. */
  readonly told: readonly Address[];
}

const text = z.string();
const messageSchema = z.object({
  ...{ text, check: text, object: text.nullable(), state: z.enum(['raised', 'resolved']) },
  ...{ severity: z.enum(GRAVE), value: z.number().nullable(), threshold: z.number().nullable() },
  ...{ server: text, at: text },
});

const alertSchema = z.object({
  ...{ key: text, check: text, object: text.nullable(), severity: z.enum(SEVERITIES), title: text },
  ...{ value: z.number().nullable(), threshold: z.number().nullable(), since: z.number() },
});
const address = { label: text, nth: z.int() };
const keptSchema = z.object({ ...address, message: messageSchema, tried_ms: z.number() });
const leftSchema = z.object({
  alerts: z.array(z.unknown()),
  pending: z.array(z.unknown()),
  told: z.array(z.object(address)).catch([]),
});
const NOTHING: Left = { alerts: [], pending: [], told: [] };

const markSchema = z.object({
  ...{ host: text, pid: z.int(), process_started: text.nullable(), since: text },
});
type Mark = ProcessMark & { readonly since: string };

/** Who watches a server already. */
export class Watched extends Error {
  readonly next: string;

  constructor({ host, pid, since }: Mark, lock: string) {
    super(`Process ${pid} on ${host} has watched this server since ${since}.`);
    // whether it still runs is not known from here: a container that starts again has another name
    this.next =
      host === hostname()
        ? 'Stop that one first, or leave it: one is enough.'
        : `Stop it there, or, if it runs no more, remove ${lock}.`;
  }
}

/** How often, and with which pause, is looked whether another one has made up its mind: two seconds in all. */
const LOOKS = 100;
const LOOK_MS = 20;

/** The files of the watch over one server, by one user of this machine: who runs, and which alerts stand. */
export class WatchFiles {
  readonly #lock: string;
  readonly #kept: string;
  readonly #own: Mark;

  /** @param server who is watched, as `user@host:port/database` */
  constructor(env: Env, server: string, now = new Date()) {
    const directory = join(env.XDG_STATE_HOME || join(home(env), '.local', 'state'), 'pgdeck', 'watch');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const name = createHash('sha256').update(server).digest('hex').slice(0, 16);
    this.#lock = join(directory, `${name}.lock`);
    this.#kept = join(directory, `${name}.json`);
    this.#own = { ...thisProcess(), since: now.toISOString() };
  }

  /** Throws {@link Watched} while another process watches the server. */
  lock(): void {
    this.#alone(() => {
      const other = this.#other();
      if (other !== undefined && isAlive(other)) throw new Watched(other, this.#lock);
      writeFileSync(this.#lock, JSON.stringify(this.#own), { mode: 0o600 });
    });
  }

  /** One process at a time looks whose the lock is and takes it: of two that find a dead one's each would take it. */
  #alone(work: () => void): void {
    const guard = `${this.#lock}.guard`;
    let before = Number.NaN;
    for (let looks = 0; ; looks++) {
      try {
        mkdirSync(guard);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const made = statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN;
      // nobody needs so long for a look: its owner was killed
      if (made === before && looks >= LOOKS) rmSync(guard, { recursive: true, force: true });
      if (made !== before) looks = 0;
      before = made;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
    }
    try {
      work();
    } finally {
      rmSync(guard, { recursive: true, force: true });
    }
  }

  unlock(): void {
    if (this.#other()?.pid === process.pid) rmSync(this.#lock, { force: true });
  }

  #other(): Mark | undefined {
    const read = readJson(this.#lock);
    return markSchema.safeParse(read).data;
  }

  /**
   * What an earlier watch has left. Alerts that cannot be read are raised again while they stand; `damaged` says that
   * something was lost.
   */
  read(): Left & { readonly damaged?: string } {
    let file: string;
    try {
      file = readFileSync(this.#kept, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return { ...NOTHING, ...(code !== 'ENOENT' && { damaged: this.#damaged }) };
    }
    const left = leftSchema.safeParse(parsed(file)).data;
    if (left === undefined) return { ...NOTHING, damaged: this.#damaged };
    const alerts = left.alerts.flatMap((one) => alertSchema.safeParse(one).data ?? []);
    const pending = left.pending.flatMap((one) => keptSchema.safeParse(one).data ?? []);
    const whole = alerts.length === left.alerts.length && pending.length === left.pending.length;
    return { alerts, pending, told: left.told, ...(!whole && { damaged: this.#damaged }) };
  }

  get #damaged(): string {
    return `what the last watch has left cannot be read, or not all of it (${this.#kept}): alerts that stand are told again, and what it had not sent yet is lost`;
  }

  /** Answers why it could not be kept. Never throws: to tell of alerts matters more than to remember them. */
  write(left: Left): string | undefined {
    const temporary = `${this.#kept}.${process.pid}`;
    try {
      writeFileSync(temporary, `${JSON.stringify(left)}\n`, { mode: 0o600 });
      renameSync(temporary, this.#kept);
      return undefined;
    } catch (error) {
      rmSync(temporary, { force: true });
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      return `alerts cannot be kept in ${this.#kept} (${code}): until they can, whoever starts it again is told again of what stands, and not of what waits to be sent`;
    }
  }
}

function readJson(path: string): unknown {
  try {
    return parsed(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
