import type { Backend, Session } from '../../db/session.ts';
import type { ProcessCounts, Processes } from '../../hosts/processes.ts';

type BackendRef = Pick<Backend, 'pid' | 'backendStart'>;

/** What a session takes of the machine, in the last interval; null where that is not known. */
export interface ProcessFigures {
  /** Share of one processor. */
  readonly cpu: number | null;
  /** Memory that it shares with nobody. */
  readonly ownBytes: number | null;
  /** From and to storage: what the page cache has is not read, and what goes to it counts as written. */
  readonly readBytesPerSecond: number | null;
  readonly writtenBytesPerSecond: number | null;
}

const NOTHING: ProcessFigures = {
  cpu: null,
  ownBytes: null,
  readBytesPerSecond: null,
  writtenBytesPerSecond: null,
};

/** What was counted of a session's process at a moment, and when the session was listed last (ms). */
interface Reading {
  readonly session: BackendRef;
  readonly at: number;
  readonly listed: number;
  readonly counts: ProcessCounts;
}

/** What is known once it is proven. */
interface Proof {
  /** Whose children the server's sessions are. */
  readonly postmaster: number;
  /** When that began, since the machine was booted (s). */
  readonly began: number;
  /** Which of the answers says when the machine was booted. */
  readonly clock: number;
  /** The I/O of its processes is shown to this user. */
  readonly io: boolean;
}

type Proven = Proof | { readonly reason: string };

/** The session that watches: what it says of its own process proves whose the others are. */
export type Witness = Pick<Session, 'backend' | 'server'>;

/** Sessions that are read at most: of so many it takes 7 ms. */
const MOST = 500;
/** A process begins and then says when: between them it waits for a processor. In seconds. */
const WAITS = 2;
/** What the rounding of two clocks makes of it. */
const ROUNDS = 0.1;
/** A postmaster says when it began once it has made its shared memory. */
const STARTING = 120;
/** Of a child of the server's postmaster nothing but a later one with its pid is to be told. */
const APART = 2;
/** In a shorter interval a hundredth of a second is too much of it. */
const LEAST_MS = 200;
/** A session that is idle now and then is listed again: it is read meanwhile, or each time there would be no rates. */
const REMEMBERED_MS = 30_000;
/** postgres, edb-postgres, postmaster. */
const SERVER = /post(?:gres|master)$/;

const identity = ({ pid, backendStart }: BackendRef) => `${pid}/${backendStart}`;

/**
 * CPU, memory and I/O of sessions whose processes are proven to be on this machine. A pid alone says nothing: the
 * connection may lead through a tunnel, or into a container that numbers its processes anew. So the watching session's own
 * process has to be here, as old as the server says, with its title, and the child of a postmaster as old as the
 * server's; and each other one a child of that, as old as its session.
 */
export class SessionProcesses {
  readonly #processes: Processes;
  readonly #clock: () => number;
  #witness: { readonly pid: number; readonly start: number | null; readonly proven: Proven } | undefined;
  #readings: ReadonlyMap<string, Reading> = new Map();
  #figures: ReadonlyMap<string, ProcessFigures> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  #beyond = false;

  /** @param clock ms, never going back */
  constructor(processes: Processes, clock: () => number = () => performance.now()) {
    this.#processes = processes;
    this.#clock = clock;
  }

  /** The processes of the server are known to be those of this machine. */
  get known(): boolean {
    return this.#proof !== undefined;
  }

  /** Why they are not, in a sentence. */
  get reason(): string | undefined {
    return this.#witness && 'reason' in this.#witness.proven ? this.#witness.proven.reason : undefined;
  }

  /** Why there is no I/O of them, in a sentence. */
  get ioReason(): string | undefined {
    return this.#proof?.io === false
      ? 'Reads and writes of a process are shown to its own user and to root only: run pgdeck as the user of the server to see them.'
      : undefined;
  }

  /** Why those of some sessions are not known, in a sentence. */
  get beyondReason(): string | undefined {
    return this.known && this.#beyond
      ? `Of the first ${MOST} sessions listed it is read what their processes take: of the others it is not known.`
      : undefined;
  }

  /** The last figures of a session; undefined where it was not read. */
  of(session: BackendRef): ProcessFigures | undefined {
    return this.#figures.get(identity(session));
  }

  /** Nothing was read since nobody looked. */
  get resting(): boolean {
    return this.#readings.size === 0;
  }

  /** Nobody looks: what would be told next is of the interval that begins then. */
  rest(): void {
    if (this.#readings.size === 0) return;
    this.#readings = new Map();
    this.#figures = new Map();
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  /** Reads the processes of sessions, the first 500; and of those that were listed lately. */
  read(witness: Witness, sessions: Iterable<BackendRef>): void {
    const proven = this.#prove(witness);
    const now = this.#clock();
    if ('reason' in proven) {
      this.rest();
      return;
    }
    if (now - this.#readAt < LEAST_MS) return;
    const booted = this.#processes.booted()[proven.clock];
    if (booted === undefined) return;
    const readings = new Map<string, Reading>();
    const figures = new Map<string, ProcessFigures>();
    let beyond = false;
    const take = (id: string, session: BackendRef, listed: number): void => {
      if (readings.has(id)) return;
      if (readings.size >= MOST) {
        beyond ||= listed === now;
        return;
      }
      const before = this.#readings.get(id);
      const counts = this.#of(session, proven, booted, before);
      if (counts === undefined) return;
      readings.set(id, { session, at: now, listed, counts });
      figures.set(id, figuresOf(counts, now, before));
    };
    for (const session of sessions) take(identity(session), session, now);
    for (const [id, { session, listed }] of this.#readings)
      if (now - listed < REMEMBERED_MS) take(id, session, listed);
    this.#readings = readings;
    this.#figures = figures;
    this.#readAt = now;
    this.#beyond = beyond;
  }

  get #proof(): Proof | undefined {
    return this.#witness && 'postmaster' in this.#witness.proven ? this.#witness.proven : undefined;
  }

  /** Those of a process that is the session's. */
  #of(
    { pid, backendStart }: BackendRef,
    { postmaster, io }: Proof,
    booted: number,
    before: Reading | undefined,
  ): ProcessCounts | undefined {
    if (backendStart === null) return undefined;
    const counts = this.#processes.of(pid, { io });
    if (counts === undefined || counts.parent !== postmaster || !SERVER.test(counts.name)) return undefined;
    // once proven it is the same as long as it is as old: the clock of the server may be set meanwhile
    const same =
      before === undefined
        ? isAsOld(counts, backendStart / 1e6, booted, { least: -APART, most: APART })
        : before.counts.started === counts.started;
    return same ? counts : undefined;
  }

  #prove({ backend, server }: Witness): Proven {
    const { pid, backendStart: start } = backend;
    const before = this.#witness;
    if (before?.pid === pid && before.start === start && this.#stands(before.proven)) return before.proven;
    this.rest();
    const proven = proofOf(this.#processes, { backend, server });
    this.#witness = { pid, start, proven };
    return proven;
  }

  /** The server is still the one of the proof: a pooler keeps the connection while that is restarted. */
  #stands(proven: Proven): boolean {
    return (
      'reason' in proven || this.#processes.of(proven.postmaster, { io: false })?.started === proven.began
    );
  }
}

/** Whether a process had begun so many seconds before the moment (s since 1970) at which the server says it did. */
function isAsOld(
  { started }: ProcessCounts,
  at: number,
  booted: number,
  { least, most }: { readonly least: number; readonly most: number },
): boolean {
  const before = at - (booted + started);
  return before >= least && before <= most;
}

function proofOf(processes: Processes, { backend, server }: Witness): Proven {
  const { pid, backendStart, clientPort } = backend;
  const clocks = processes.booted();
  if (clocks.length === 0)
    return { reason: 'What processes take is read from /proc, which this machine does not have.' };
  const own = processes.of(pid);
  const postmaster = own && processes.of(own.parent);
  const fits =
    own !== undefined &&
    postmaster !== undefined &&
    backendStart !== null &&
    SERVER.test(own.name) &&
    SERVER.test(postmaster.name) &&
    hasPort(processes.title(pid), clientPort);
  const clock = clocks.findIndex(
    (booted) =>
      fits &&
      isAsOld(own, backendStart / 1e6, booted, { least: -ROUNDS, most: WAITS }) &&
      isAsOld(postmaster, server.startedAt / 1000, booted, { least: -ROUNDS, most: STARTING }),
  );
  return fits && clock >= 0
    ? { postmaster: own.parent, began: postmaster.started, clock, io: own.io !== null }
    : {
        reason:
          'The server’s processes are not seen on this machine: it runs elsewhere, in a container, or out of this user’s sight.',
      };
}

/** A title tells the port that a connection comes from, as `postgres: app shop 127.0.0.1(40112) idle`, where there is room. */
function hasPort(title: string | undefined, port: number | null): boolean {
  const ports = [...(title ?? '').matchAll(/\((\d+)\)/g)];
  return port === null || ports.length === 0 || ports.some(([, one]) => Number(one) === port);
}

function figuresOf(counts: ProcessCounts, now: number, before: Reading | undefined): ProcessFigures {
  const { ownBytes, io } = counts;
  if (before === undefined) return { ...NOTHING, ownBytes };
  const seconds = (now - before.at) / 1000;
  const { io: ioBefore, cpuSeconds } = before.counts;
  const both = io !== null && ioBefore !== null;
  return {
    cpu: rate(counts.cpuSeconds, cpuSeconds, seconds),
    ownBytes,
    readBytesPerSecond: both ? rate(io.readBytes, ioBefore.readBytes, seconds) : null,
    writtenBytesPerSecond: both ? rate(io.writtenBytes, ioBefore.writtenBytes, seconds) : null,
  };
}

function rate(after: number, before: number, seconds: number): number {
  return Math.max(0, after - before) / seconds;
}
