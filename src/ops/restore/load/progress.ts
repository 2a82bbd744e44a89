import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../db/session.ts';
import type { TocEntry } from '../../archive/toc.ts';
import type { StepIo } from '../../engine/plan.ts';
import { contentsCopying } from '../queries/contents.ts';
import { copyBytesOf, type Expected } from './expected.ts';

const EVERY_MS = 400;
/** What takes time after the data. */
const BUILT = new Set(['INDEX', 'CONSTRAINT', 'FK CONSTRAINT']);
/** What pg_restore says when it begins one of them, and when one of its processes has finished it. */
const BEGUN = /creating (INDEX|CONSTRAINT|FK CONSTRAINT) "/;
const FINISHED = /finished item (\d+) (.+)$/;

/**
 * Two bars, because no one number is true of both: bytes of COPY text against what the backup counted, and indexes and
 * constraints by number. What runs now is read from the server; what is finished is remembered.
 */
export class LoadProgress {
  readonly #io: StepIo;
  readonly #expected: Expected | undefined;
  readonly #of: number | undefined;
  readonly #built: number;
  readonly #bytes: ReadonlyMap<string, number>;
  /** Bytes by table, as far as they were seen; of a finished one all of them. */
  readonly #seen = new Map<string, number>();
  #running = new Set<string>();
  #begun = 0;
  #finished = 0;
  readonly #stopped = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(io: StepIo, expected: Expected | undefined, entries: readonly TocEntry[] = []) {
    this.#io = io;
    this.#expected = expected;
    this.#of = expected && copyBytesOf(expected);
    this.#built = entries.filter(({ type }) => BUILT.has(type)).length;
    this.#bytes = new Map(
      expected?.tables.map(({ schema, name, copyBytes }) => [key(schema, name), copyBytes ?? 0]),
    );
  }

  /** A line of pg_restore --verbose. */
  line(text: string): void {
    const type = FINISHED.exec(text)?.[2];
    if (BEGUN.test(text)) this.#begun++;
    else if (type !== undefined && [...BUILT].some((one) => type.startsWith(`${one} `))) this.#finished++;
    else return;
    this.#tellBuilt();
  }

  /** Asks the server until {@link LoadProgress.stop}; the session must be in the database that is loaded. */
  watch(session: Session): void {
    if (session.server.major < 14) return;
    this.#loop = this.#watch(session);
  }

  async stop(done: boolean): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    if (!done || this.#expected === undefined) return;
    if (this.#of !== undefined) this.#tellBytes(this.#of);
    if (this.#built > 0)
      this.#io.progress({
        label: 'indexes and constraints',
        done: this.#built,
        of: this.#built,
        unit: 'items',
      });
  }

  async #watch(session: Session): Promise<void> {
    const { applicationName } = this.#io;
    const { signal } = this.#stopped;
    while (!signal.aborted && !session.lost) {
      try {
        this.#sample(await session.run(contentsCopying, { applicationName }));
      } catch {
        // the bar stands still; the load itself tells what went wrong
        return;
      }
      // the load does not wait for the rest of a pause
      await delay(EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #sample(rows: readonly { schema: string; name: string; bytes: number }[]): void {
    const now = new Set<string>();
    for (const { schema, name, bytes } of rows) {
      now.add(key(schema, name));
      this.#seen.set(key(schema, name), bytes);
    }
    for (const one of this.#running)
      if (!now.has(one)) this.#seen.set(one, Math.max(this.#seen.get(one) ?? 0, this.#bytes.get(one) ?? 0));
    this.#running = now;
    const sum = [...this.#seen.values()].reduce((total, bytes) => total + bytes, 0);
    if (sum > 0) this.#tellBytes(this.#of === undefined ? sum : Math.min(sum, this.#of));
  }

  #tellBytes(done: number): void {
    this.#io.progress({
      label: 'data',
      done,
      unit: 'bytes',
      ...(this.#of !== undefined && { of: this.#of }),
    });
  }

  #tellBuilt(): void {
    // without processes of its own pg_restore tells only when it begins with the next
    const done = this.#finished > 0 ? this.#finished : Math.max(0, this.#begun - 1);
    this.#io.progress({
      label: 'indexes and constraints',
      done: this.#built > 0 ? Math.min(done, this.#built) : done,
      unit: 'items',
      ...(this.#built > 0 && { of: this.#built }),
    });
  }
}

function key(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}
