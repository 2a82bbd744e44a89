import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GRACE_MS } from '../group.ts';
import { cancelled } from '../watch.ts';
import { startClient } from './client.ts';
import { header, type Job } from './header.ts';
import { lookAgain } from './look.ts';
import { NoteReader } from './notes.ts';
import { pieces } from './pieces.ts';
import { Sum } from './sum.ts';
import type { Client, ClientEnd, Way } from './way.ts';
import { WRAPPER } from './wrapper.ts';

/** Which run of the place the first command met; every later one must meet the same. */
export interface Place {
  /** `-` until then. */
  seen: string;
  /** Much is reckoned over by GMAC there. */
  gmac?: boolean;
}

/** What the wrapper told, as far as it came. */
export interface Told {
  /** Why the program was not started: `missing`, `place`; then what it is about. */
  readonly refused?: readonly string[];
  readonly exitCode?: number;
  /** Of a pipe's commands, in the order in which they ended. */
  readonly codes: readonly { readonly at: number; readonly code: number }[];
  /** What it reckoned over the program's output: `gmac` or `sha256`, or `bytes` where no program there does that. */
  readonly sum?: { readonly kind: string; readonly value: string };
  readonly stalled?: true;
}

export interface Ended {
  readonly client: ClientEnd;
  readonly told: Told;
  /** Over the program's output, as it arrived. */
  readonly sum: Sum;
}

export interface Sinks {
  /** Takes the program's output; the next chunk waits for it. */
  readonly onStdout: (chunk: Buffer) => void | Promise<void>;
  readonly onStderr: (text: string) => void;
  /** Takes the program's output without its passing through us; it is read behind what is written. */
  readonly file?: FileHandle | undefined;
  /** Its input is little: what takes it slowly may carry it. */
  readonly brief?: boolean;
  /** Nothing is begun after it; what has begun goes on until it is told to end. */
  readonly signal?: AbortSignal | undefined;
  /** The sink failed; the exchange goes on without it until it is ended. */
  readonly onFault: (error: unknown) => void;
}

/** How often it is looked whether anything still moves, once the program has ended. */
const TICK_MS = 1_000;
/** Ticks for those who hold the program's output, and for the client to close. */
const TICKS = 6;
/** Milliseconds beyond the grace time that are left to the wrapper. */
const SPARE_MS = 4_000;
/** Characters of stderr that are kept to tell why there was no trailer. */
const KEPT = 65_536;
/** Of what came instead of a program's output. */
const HEAD = 4_096;
/** Milliseconds before it is looked for more of a file. */
const BEHIND_MS = 40;

/** One command somewhere else, from the start of the client to its end. */
export class Exchange {
  /** Fulfilled when the client has ended; never rejected. */
  readonly ended: Promise<Ended>;
  /** Process id there and when it was started, once the program begins; undefined where it never does. */
  readonly started: Promise<{ readonly pid: number; readonly since: string } | undefined>;
  readonly #client: Client;
  readonly #way: Way;
  readonly #place: Place;
  readonly #job: Job;
  readonly #told: { -readonly [K in keyof Told]: Told[K] } & { codes: { at: number; code: number }[] } = {
    codes: [],
  };
  readonly #sum: Sum;
  #stderr = '';
  #head = '';
  #heard = false;
  #moved = performance.now();
  #busy = false;
  #leaving = false;
  #pid: { pid: number; since: string } | undefined;
  #ready = false;
  #onStarted: (value: { pid: number; since: string } | undefined) => void = () => {};
  #timers: NodeJS.Timeout[] = [];

  private constructor(
    client: Client,
    { way, place }: { readonly way: Way; readonly place: Place },
    job: Job,
    tokens: readonly string[],
    sinks: Sinks,
  ) {
    this.#client = client;
    this.#way = way;
    this.#place = place;
    this.#job = job;
    this.#sum = new Sum(job.key);
    this.started = new Promise((resolve) => {
      this.#onStarted = resolve;
    });
    this.ended = this.#run(tokens, sinks);
  }

  /** Throws {@link CommandError} when the client cannot start or the place is another. */
  static async start(way: Way, place: Place, job: Job, sinks: Sinks): Promise<Exchange> {
    const [token, steps] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    const text = header(token, steps, place.seen, job);
    if (way.asksFirst) await way.check();
    const { file, brief, signal } = sinks;
    const direct =
      brief === true && file !== undefined ? await way.direct?.(WRAPPER, file, signal) : undefined;
    if (direct === undefined && signal?.aborted)
      throw cancelled(job.commands.map(({ command }) => basename(command)).join(' | '));
    const client = direct ?? (await startClient(way, WRAPPER, { output: file?.fd }));
    client.stdin.write(text);
    return new Exchange(client, { way, place }, job, [token, steps], sinks);
  }

  async #run(tokens: readonly string[], sinks: Sinks): Promise<Ended> {
    const { stderr, closed } = this.#client;
    const notes = new NoteReader(tokens, (words) => this.#note(words));
    const say = (text: string) => {
      if (text === '') return;
      this.#moved = performance.now();
      this.#stderr = (this.#stderr + text).slice(-KEPT);
      sinks.onStderr(text);
    };
    stderr.on('data', (chunk: Buffer) => say(notes.read(chunk)));
    const looking = lookAgain(this.#way, () => this.#client.kill());
    if (looking !== undefined) this.#timers.push(looking);
    const [end] = await Promise.all([closed, this.#pump(sinks)]);
    say(notes.rest());
    for (const timer of this.#timers) clearTimeout(timer);
    this.#onStarted(undefined);
    return {
      client: { ...end, stderr: this.#stderr, stdout: this.#heard ? '' : this.#head },
      told: this.#told,
      sum: this.#sum,
    };
  }

  /** What comes, in pieces; a piece of a file is overwritten by the next. */
  async *#output(file: FileHandle | undefined): AsyncGenerator<Buffer> {
    const { stdout, written } = this.#client;
    if (file === undefined || written !== undefined) {
      yield* (written ?? stdout ?? []) as AsyncIterable<Buffer>;
      return;
    }
    let ended = false;
    const end = this.#client.closed.then(() => {
      ended = true;
    });
    for (let at = 0; ; ) {
      // asked before it is read: what was written until then is read now
      const last = ended;
      for await (const piece of pieces(file, at)) {
        at += piece.length;
        yield piece;
      }
      if (last) return;
      await Promise.race([end, delay(BEHIND_MS)]);
    }
  }

  async #pump({ onStdout, onFault, file }: Sinks): Promise<void> {
    let faulty = false;
    try {
      for await (const chunk of this.#output(file)) {
        if (this.#head.length < HEAD) this.#head += chunk.subarray(0, HEAD).toString();
        this.#sum.add(chunk);
        this.#moved = performance.now();
        if (this.#leaving || faulty) continue;
        this.#busy = true;
        try {
          await onStdout(chunk);
        } catch (error) {
          faulty = true;
          onFault(error);
        }
        this.#busy = false;
        this.#moved = performance.now();
      }
    } catch (error) {
      // a client that was killed: what it had is gone. A file that takes no more is told
      if (this.#client.written !== undefined) onFault(error);
    }
  }

  #note([what, first = '', second = '']: readonly string[]): void {
    const told = this.#told;
    this.#heard = true;
    if (what === 'place' && this.#place.seen === '-') this.#place.seen = first;
    else if (what === 'refused') told.refused ??= [first, second];
    else if (what === 'pid') this.#pid = { pid: Number(first), since: second };
    else if (what === 'ready') this.#ready = true;
    else if (what === 'stalled') told.stalled = true;
    else if (what === 'code' && /^\d+$/.test(second))
      told.codes.push({ at: Number(first), code: Number(second) });
    else if (what === 'exit' && /^\d+$/.test(first)) {
      told.exitCode = Number(first);
      this.#release();
    } else if (what === 'gmac' || what === 'sha256' || what === 'bytes')
      told.sum = { kind: what, value: first };
    if (this.#pid !== undefined && this.#ready) this.#onStarted(this.#pid);
    if (told.exitCode !== undefined && told.sum !== undefined) this.#leave();
  }

  /** All is told: nobody there waits for us any more. */
  #leave(): void {
    const { stdin } = this.#client;
    if (!stdin.writableEnded && !stdin.destroyed) stdin.end('q\n');
  }

  /**
   * The program has ended. Who it left behind may hold its output for as long as he lives, and a client may not end
   * though all is told: neither is waited for once nothing moves.
   */
  #release(): void {
    let ticks = 0;
    const timer = setInterval(() => {
      if (this.#busy || performance.now() - this.#moved < TICK_MS) return;
      ticks += 1;
      // the sum is not of what passes: it may be far behind
      if (this.#told.sum === undefined && this.#job.from !== undefined) return;
      if (this.#told.sum === undefined) {
        if (ticks === 1) this.word('h');
        else if (ticks > TICKS) this.#client.kill();
      } else if (ticks > 1) this.#client.kill();
    }, TICK_MS);
    this.#timers.push(timer);
  }

  /** Sends a word to the wrapper. */
  word(text: string): void {
    const { stdin } = this.#client;
    if (!stdin.writableEnded && !stdin.destroyed) stdin.write(`${text}\n`);
  }

  /** Writes bytes to the program's input; fulfilled when the next may follow, or when nobody takes them any more. */
  async write(...chunks: readonly (string | Uint8Array)[]): Promise<void> {
    const { stdin } = this.#client;
    let more = true;
    for (const chunk of chunks) if (!stdin.destroyed && !stdin.writableEnded) more = stdin.write(chunk);
    if (more || stdin.destroyed || stdin.writableEnded) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        for (const event of ['drain', 'close', 'finish']) stdin.off(event, done);
        resolve();
      };
      for (const event of ['drain', 'close', 'finish']) stdin.on(event, done);
    });
  }

  /** Writes bytes; fulfilled when they have gone, or when nobody takes them any more: they may be overwritten then. */
  flushed(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#client;
    if (stdin.destroyed || stdin.writableEnded) return Promise.resolve();
    return new Promise((resolve) => {
      stdin.write(bytes, () => resolve());
    });
  }

  /** Whether the program may still take something. */
  get open(): boolean {
    return !this.#leaving && this.#told.exitCode === undefined && !this.#client.stdin.destroyed;
  }

  /** Whether waiting for it keeps this process alive. */
  hold(on: boolean): void {
    this.#client.hold(on);
  }

  /** Ends it: its input ends without the last word, and the wrapper ends the program. */
  leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#timers.push(setTimeout(() => this.#client.kill(), GRACE_MS + SPARE_MS));
    if (this.#way.keepsInput !== true) {
      this.#client.stdin.destroy();
    } else if (this.#job.into !== undefined) {
      // with the client all is closed, and half a file is removed there
      this.#client.kill();
    } else if (this.#job.lives === true) {
      this.word('0');
    } else {
      this.word('k');
      this.#timers.push(setTimeout(() => this.word('K'), GRACE_MS));
    }
  }
}
