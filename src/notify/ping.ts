import type { Clock } from './clock.ts';
import { asNotifyError } from './errors.ts';
import { request } from './request.ts';
import { masked } from './secret.ts';

const EVERY_MS = 60_000;
const TIMEOUT_MS = 10_000;

export interface PingOptions {
  readonly url: URL;
  readonly clock: Clock;
  /** Why all is not well now, asked each minute; undefined where it is. */
  readonly silence: () => string | undefined;
  /** Told when it stays away from now on, and why; or, without a reason, no longer. */
  readonly onSilent?: (reason?: string) => void;
  /** Told why a ping did not arrive: one sentence without a secret. */
  readonly onFailed?: (reason: string) => void;
  readonly timeoutMs?: number;
}

/**
 * The dead man's ping: a GET once a minute while all is well. Whoever expects it raises the alarm when it stays away,
 * for this process cannot tell that it is dead.
 */
export class Ping {
  readonly label: string;
  readonly #options: PingOptions;
  readonly #abort = new AbortController();
  #cancel: (() => void) | undefined;
  #going: Promise<unknown> | undefined;
  #sent = 0;
  #failure: string | null = null;
  #silence: string | undefined;

  constructor(options: PingOptions) {
    this.label = masked(options.url);
    this.#options = options;
  }

  /** How many arrived, and why the last one did not; null when it did. */
  get state(): { readonly sent: number; readonly failure: string | null } {
    return { sent: this.#sent, failure: this.#failure };
  }

  /** Pings now, where all is well, and then once a minute. */
  start(): void {
    if (this.#cancel !== undefined || this.#abort.signal.aborted) return;
    const tick = () => {
      this.#cancel = this.#options.clock.after(EVERY_MS, tick);
      // one that takes so long is told by its own failure
      if (this.#going === undefined && this.#isWell())
        this.#going = this.once().finally(() => {
          this.#going = undefined;
        });
    };
    tick();
  }

  /** One ping, whether all is well or not: to see whether it arrives. Never rejects; answers why it did not. */
  async once(): Promise<string | undefined> {
    const { url, timeoutMs = TIMEOUT_MS, onFailed } = this.#options;
    try {
      await request(url, { method: 'GET', signal: this.#abort.signal, timeoutMs });
      this.#sent++;
      this.#failure = null;
      return undefined;
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined;
      this.#failure = asNotifyError(error, this.label).message;
      onFailed?.(this.#failure);
      return this.#failure;
    }
  }

  /** No ping after this; one on its way is ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancel?.();
    await this.#going;
  }

  /** What cannot say that all is well is not well. */
  #isWell(): boolean {
    const before = this.#silence;
    try {
      this.#silence = this.#options.silence();
    } catch {
      this.#silence = 'it could not be found out whether all is well';
    }
    if (this.#silence !== before) this.#options.onSilent?.(this.#silence);
    return this.#silence === undefined;
  }
}
