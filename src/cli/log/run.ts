import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect, type Session } from '../../db/client.ts';
import { type DbError, dbError, type ErrorKind } from '../../db/errors.ts';
import { CommandError } from '../../hosts/host.ts';
import { reaching } from '../../hosts/reach.ts';
import { isAtLeast, type LogEntry } from '../../log/entry.ts';
import { LogFollow } from '../../log/follow.ts';
import { untimed } from '../../log/open.ts';
import type { LogOptions } from '../log.ts';
import { EXIT, note, print, printed, printJsonLine } from '../output.ts';
import { interruptible } from '../show/interruptible.ts';
import { recordOf, textOf } from './print.ts';

/** How long a look back is where nobody says it, in seconds. */
const BACK = { once: 3600, follow: 60 } as const;
/** Files on this machine are looked at more often than the server is asked. */
const PAUSE = { here: 0.25, there: 1 } as const;
/** How often the server is tried again, where the log can be read without it. */
const RETRY_MS = 2_000;

/** What passes by itself: a server that restarts says all of these. */
const PASSING: ReadonlySet<ErrorKind> = new Set(['lost', 'unreachable', 'starting', 'slots', 'busy']);

/** Prints a server's log. Returns the exit code: 1 where it cannot be read. Throws DbError. */
export async function runLog(options: LogOptions, resolved: Resolved): Promise<number> {
  const back = options.since ?? (options.follow ? BACK.follow : BACK.once);
  const server = new Connection(resolved);
  const stop = interruption();
  try {
    const follow = new LogFollow(reaching(resolved.runsOn.server));
    const closed = await follow.open(await server.session());
    if (closed !== undefined) return failed(closed.unknown, closed.remedy);
    const show = printer(options, stop);
    const ended = await show(follow.back(back * 1000));
    const { reader } = follow.log;
    if (!reader.timed && !options.follow) {
      const { unknown, remedy } = untimed((await server.session()).server);
      return failed(unknown, remedy);
    }
    if (!options.follow) {
      // half of what was asked for is not done
      return ended || (await show(follow.finish())) ? EXIT.failed : EXIT.done;
    }
    if (!ended) await watch(follow, server, show, stop);
    return EXIT.done;
  } finally {
    stop.release();
    await server.close();
  }
}

function failed(reason: string, remedy: string | undefined): number {
  note(`pgdeck: ${reason}${remedy === undefined ? '' : ` To see it: ${remedy}`}`);
  return EXIT.failed;
}

type Show = (entries: AsyncIterable<LogEntry> | Iterable<LogEntry>) => Promise<boolean>;

/** Prints entries; true when it was stopped meanwhile. */
function printer({ level, json }: LogOptions, stop: Interruption): Show {
  return async (entries) => {
    for await (const entry of entries) {
      if (stop.stopped) return true;
      if (level !== undefined && !isAtLeast(entry, level)) continue;
      if (json) printJsonLine(recordOf(entry));
      else print(textOf(entry));
      await printed();
    }
    return stop.stopped;
  };
}

/** Until it is stopped. Where the server has to read the log for us it is waited for when it goes away. */
async function watch(follow: LogFollow, server: Connection, show: Show, stop: Interruption): Promise<void> {
  const pause = follow.isAway ? PAUSE.there : PAUSE.here;
  for (;;) {
    if (await stop.after(pause)) return;
    try {
      if (await show(follow.more(await server.current(follow.needsSession)))) return;
    } catch (error) {
      if (isGone(error)) {
        await server.lost(undefined);
        if (await resumed(follow, server, show, error, stop)) return;
        continue;
      }
      const cause = dbError(error);
      if (!PASSING.has(cause.kind)) throw error;
      await server.lost(follow.needsSession ? cause : undefined);
    }
  }
}

const isGone = (error: unknown): error is CommandError =>
  error instanceof CommandError && error.kind === 'gone';

/** Where the way to the server's machine is lost, or its container was begun anew. True when it was stopped meanwhile. */
async function resumed(
  follow: LogFollow,
  server: Connection,
  show: Show,
  { message }: CommandError,
  stop: Interruption,
): Promise<boolean> {
  note(`pgdeck: ${message} It is tried again.`);
  for (;;) {
    if (await stop.after(RETRY_MS / 1000)) return true;
    try {
      const session = await server.current(false);
      const more = session === undefined ? undefined : await follow.again(session);
      if (more === undefined) continue;
      note('pgdeck: Reached again.');
      return await show(more);
    } catch (error) {
      if (!isGone(error) && !PASSING.has(dbError(error).kind)) throw error;
      await server.lost(undefined);
    }
  }
}

/** The connection that is asked, made again when it breaks. */
class Connection {
  readonly #resolved: Resolved;
  #session: Session | undefined;
  #said: string | undefined;
  #tried = Number.NEGATIVE_INFINITY;

  constructor(resolved: Resolved) {
    this.#resolved = resolved;
  }

  /** Throws DbError. */
  async session(): Promise<Session> {
    this.#session ??= await withPassword(this.#resolved.passwords, () =>
      connect(this.#resolved.target, 'slow', 'pgdeck-log'),
    );
    return this.#session;
  }

  /** The same; undefined where it is not needed and the server does not answer. */
  async current(needed: boolean): Promise<Session | undefined> {
    if (this.#session?.lost) await this.lost(undefined);
    if (this.#session === undefined && !needed) {
      if (performance.now() - this.#tried < RETRY_MS) return undefined;
      this.#tried = performance.now();
      return this.session().catch(() => undefined);
    }
    const session = await this.session();
    if (this.#said !== undefined) note('pgdeck: Connected again.');
    this.#said = undefined;
    return session;
  }

  /** Tells the server's reason once, and connects anew when it is asked for. */
  async lost(cause: DbError | undefined): Promise<void> {
    if (cause !== undefined && cause.message !== this.#said)
      note(`pgdeck: ${cause.message} It is tried again.`);
    this.#said = cause?.message ?? this.#said;
    await this.close();
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }
}

/** ^C and SIGTERM, heard at any time. */
interface Interruption {
  readonly stopped: boolean;
  /** True when it was stopped before the seconds were over. */
  after(seconds: number): Promise<boolean>;
  release(): void;
}

function interruption(): Interruption {
  let stopped = false;
  const stop = () => {
    // the server may not answer any more
    if (stopped) process.exit(EXIT.failed);
    stopped = true;
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return {
    get stopped() {
      return stopped;
    },
    after: async (seconds) => stopped || (await interruptible().after(seconds)) || stopped,
    release: () => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
    },
  };
}
