import { type ChildProcess, spawn } from 'node:child_process';
import { environment } from './environment.ts';
import { endGroup, endWithUs, forget } from './group.ts';
import { startError } from './start-error.ts';

/**
 * Runs a program until it ends or its own standard input does, which also happens when the parent is killed; then ends its whole
 * group, with what the program has started (a ProxyCommand, a jump). In the background a shell gives /dev/null for
 * standard input: hence the third descriptor.
 */
const GUARD = `
exec 3<&0
"$@" </dev/null 3<&- & child=$!
( cat <&3 >/dev/null; trap '' TERM; kill -TERM 0; sleep 2; kill -KILL 0 ) >/dev/null 2>&1 &
wait $child
`;

/** Milliseconds before the first attempt after a failure; twice as long after each further one. */
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 10_000;
/** One that has held for so long did not fail: the next attempt is made at once. */
const STEADY_MS = 1_000;
/** A client gives up a machine that does not answer by itself; one whose login hangs does not. */
const READY_MS = 30_000;
/** Characters kept of what it says. */
const SAID = 8_192;

/** Where a client that is kept running stands. */
export type KeptState<At> =
  | { readonly state: 'idle' | 'starting' | 'closed' }
  | { readonly state: 'up'; readonly at: At }
  /** It ended, or did not get there; `stderr` is what it said, `error` why it could not be started at all. */
  | { readonly state: 'down'; readonly stderr: string; readonly error?: Error; readonly retryAt: number };

/** One start of a client that serves a socket or a port. */
export interface KeptClient<At> {
  readonly program: 'ssh' | 'kubectl';
  readonly args: readonly string[];
  /** Where it serves; undefined while it does not. `said` is what it has written so far. */
  ready(said: string): At | undefined;
  /** It has ended. */
  ended?(): void;
}

/**
 * A client in the background that serves a socket or a port: started when it is first wanted, started again with longer and longer
 * pauses whenever it dies, and ended with this process in whatever way that ends.
 */
export class Kept<At> {
  readonly #client: () => KeptClient<At>;
  #state: KeptState<At> = { state: 'idle' };
  #attempt: Promise<void> | undefined;
  #child: ChildProcess | undefined;
  #said = '';
  #failures = 0;
  #downAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `client` is asked before each start. */
  constructor(client: () => KeptClient<At>) {
    this.#client = client;
  }

  get state(): KeptState<At> {
    return this.#state;
  }

  /** What it has said since it was started. */
  get said(): string {
    return this.#said;
  }

  /** Waits for the attempt that is under way, or makes the first one; its outcome is the state. */
  async settled(): Promise<KeptState<At>> {
    if (this.#state.state === 'idle') this.#begin();
    await this.#attempt;
    return this.#state;
  }

  /**
   * Does not wait for the end of the pause before the next attempt, where it has lasted for so many milliseconds.
   */
  hurry(least = 0): void {
    if (this.#state.state === 'down' && performance.now() - this.#downAt >= least) this.#begin();
  }

  /** What it serves leads nowhere any more: another one is started at once. */
  renew(): void {
    if (this.#state.state !== 'up') return;
    this.#end();
    this.#begin();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#state = { state: 'closed' };
    this.#end();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#state = { state: 'starting' };
    this.#attempt = this.#start();
  }

  async #start(): Promise<void> {
    const client = this.#client();
    const { program } = client;
    this.#said = '';
    const child = spawn('/bin/sh', ['-c', GUARD, `pgdeck-${program}`, program, ...client.args], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment(),
    });
    this.#child = child;
    const { pid } = child;
    const ended = new Promise<Error | undefined>((resolve) => {
      child.once('error', resolve);
      // its output is read to the end by then; a child of its own may hold it open for longer
      child.once('exit', () => setTimeout(() => resolve(undefined), 20));
    });
    if (pid !== undefined) endWithUs(pid);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        if (this.#child === child) this.#said = (this.#said + text).slice(-SAID);
      });
    child.stdin?.on('error', () => {});
    // nobody waits for it: the process may end while it runs
    for (const one of [child, child.stdin, child.stdout, child.stderr])
      (one as { unref?(): void } | null)?.unref?.();
    const started = performance.now();
    void ended.then((error) => {
      if (pid !== undefined) {
        endGroup(pid, Promise.resolve());
        forget(pid);
      }
      client.ended?.();
      if (this.#child === child) this.#down(program, error, performance.now() - started);
    });
    const ready = async (): Promise<At | undefined> => {
      while (this.#child === child && performance.now() - started < READY_MS) {
        const at = client.ready(this.#said);
        if (at !== undefined) return at;
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
      return undefined;
    };
    const at = await ready();
    if (at !== undefined) this.#state = { state: 'up', at };
    else if (this.#child === child) this.#down(program, undefined, 0);
  }

  #down(program: string, error: Error | undefined, lived: number): void {
    const held = this.#state.state === 'up' && lived >= STEADY_MS;
    this.#end();
    if (this.#state.state === 'closed') return;
    this.#failures = held ? 0 : this.#failures + 1;
    const pause = held ? 0 : Math.min(RETRY_FIRST_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS);
    const missing = new RegExp(`\\b${program}: (?:.* )?not found`).test(this.#said);
    const failure = missing ? startError(program, { code: 'ENOENT' }) : error;
    this.#downAt = performance.now();
    this.#state = {
      state: 'down',
      stderr: this.#said,
      retryAt: Date.now() + pause,
      ...(failure !== undefined && { error: failure }),
    };
    this.#timer = setTimeout(() => this.#begin(), pause);
    this.#timer.unref();
  }

  #end(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.stdin?.destroy();
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null)
      endGroup(child.pid, new Promise((resolve) => child.once('exit', resolve)));
  }
}
