import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

const address = { label: text, nth: z.int() };
const leftSchema = z.object({
  alerts: z.array(
    z.object({
      ...{ key: text, check: text, object: text.nullable(), severity: z.enum(SEVERITIES), title: text },
      ...{ value: z.number().nullable(), threshold: z.number().nullable(), since: z.number() },
    }),
  ),
  pending: z.array(z.object({ ...address, message: messageSchema, tried_ms: z.number() })),
  told: z.array(z.object(address)).default([]),
});

const markSchema = z.object({
  ...{ host: text, pid: z.int(), process_started: text.nullable(), since: text },
});
type Mark = ProcessMark & { readonly since: string };

/** Who watches a server already. */
export class Watched extends Error {
  constructor({ host, pid, since }: Mark) {
    super(`Process ${pid} on ${host} has watched this server since ${since}.`);
  }
}

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
    for (;;) {
      try {
        writeFileSync(this.#lock, JSON.stringify(this.#own), { flag: 'wx', mode: 0o600 });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = this.#other();
      if (other !== undefined && isAlive(other)) throw new Watched(other);
      // only one can take away what a dead one has left
      const aside = `${this.#lock}.${process.pid}`;
      try {
        renameSync(this.#lock, aside);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      rmSync(aside, { force: true });
    }
  }

  unlock(): void {
    if (this.#other()?.pid === process.pid) rmSync(this.#lock, { force: true });
  }

  #other(): Mark | undefined {
    const read = readJson(this.#lock);
    return markSchema.safeParse(read).data;
  }

  /** What an earlier watch has left; nothing where it cannot be read: then alerts that stand are raised again. */
  read(): Left {
    return leftSchema.safeParse(readJson(this.#kept)).data ?? { alerts: [], pending: [], told: [] };
  }

  write(left: Left): void {
    const temporary = `${this.#kept}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(left)}\n`, { mode: 0o600 });
    renameSync(temporary, this.#kept);
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
