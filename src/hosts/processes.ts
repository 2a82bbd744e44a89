import { closeSync, constants, openSync, readSync } from 'node:fs';

/** Bytes that a process has had read from storage and written to it, since it began. */
export interface ProcessIo {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** What the system counts of a process. */
export interface ProcessCounts {
  /** Name of its program, of which the system keeps 15 bytes. */
  readonly name: string;
  readonly parent: number;
  /** Seconds since the machine was booted, to the hundredth: what tells it from a later one with its pid. */
  readonly started: number;
  /** On a processor, in its own code and in the kernel's, to the hundredth. */
  readonly cpuSeconds: number;
  /** Memory that it shares with nobody (RssAnon): without shared_buffers, which every backend has mapped. */
  readonly ownBytes: number;
  /** Null where this user may not see it: the system shows it to the user of the process and to root. */
  readonly io: ProcessIo | null;
}

/** USER_HZ, in which Linux counts for programs on every processor that Node runs on. */
const TICKS = 100;
/** All of these files are shorter; of a longer one the beginning has what is read. */
const MOST = 4096;
/** The fields of `stat` behind the name that are read, as proc(5) numbers them. */
const FIRST = 3;
const LAST = 22;

/**
 * The processes that are seen here. Three files of each are read without waiting for a thread, 12 µs a process: of 300
 * backends 3.6 ms, where readFileSync, which asks for the size of each first, takes twice as long.
 */
export class Processes {
  readonly #root: string;
  readonly #buffer = Buffer.allocUnsafe(MOST);
  #pageBytes: number | undefined;

  constructor(root = '/proc') {
    this.#root = root;
  }

  /**
   * What is counted of a process; undefined where there is none of that pid. Without `io` where it is known not to be
   * shown: each refusal costs more than a file.
   */
  of(pid: number, { io = true }: { readonly io?: boolean } = {}): ProcessCounts | undefined {
    const stat = this.#read(`${pid}/stat`);
    const statm = this.#read(`${pid}/statm`);
    const pageBytes = this.#page();
    if (stat === undefined || statm === undefined || pageBytes === undefined) return undefined;
    // the name stands in parentheses and may hold anything
    const end = stat.lastIndexOf(')');
    const fields = stat.slice(end + 2).split(' ', LAST - FIRST + 1);
    const field = (number: number) => Number(fields[number - FIRST]);
    const [, resident, shared] = statm.split(' ', 3);
    return {
      name: stat.slice(stat.indexOf('(') + 1, end),
      parent: field(4),
      started: field(22) / TICKS,
      cpuSeconds: (field(14) + field(15)) / TICKS,
      ownBytes: Math.max(0, Number(resident) - Number(shared)) * pageBytes,
      io: io ? this.#io(pid) : null,
    };
  }

  /** What a process calls itself; undefined where it is not to be seen. */
  title(pid: number): string | undefined {
    return this.#read(`${pid}/cmdline`)?.replaceAll('\0', ' ');
  }

  /**
   * When the machine was booted, in seconds since 1970. There may be two answers: LXC shows its containers their own
   * uptime (lxcfs), and yet counts the start of processes from the boot of the machine.
   */
  booted(): readonly number[] {
    const uptime = Number(this.#read('uptime')?.split(' ')[0] ?? Number.NaN);
    if (Number.isNaN(uptime)) return [];
    const booted = Date.now() / 1000 - uptime;
    const first = this.of(1, { io: false })?.started ?? 0;
    return first === 0 ? [booted] : [booted, booted - first];
  }

  #io(pid: number): ProcessIo | null {
    const io = this.#read(`${pid}/io`) ?? '';
    const readBytes = counted(io, '\nread_bytes: ');
    const writtenBytes = counted(io, '\nwrite_bytes: ');
    return readBytes === undefined || writtenBytes === undefined ? null : { readBytes, writtenBytes };
  }

  /** Bytes of a page, of which nothing tells but what is given in both: this process's own size. */
  #page(): number | undefined {
    if (this.#pageBytes !== undefined) return this.#pageBytes;
    const [, kilobytes] = /^VmSize:\s*(\d+) kB/m.exec(this.#read('self/status') ?? '') ?? [];
    const pages = Number(this.#read('self/statm')?.split(' ')[0] ?? Number.NaN);
    const bytes = 2 ** Math.round(Math.log2((Number(kilobytes ?? Number.NaN) * 1024) / pages));
    if (Number.isFinite(bytes)) this.#pageBytes = bytes;
    return this.#pageBytes;
  }

  /** The beginning of a file; undefined where it is not there, or not to be read. */
  #read(name: string): string | undefined {
    try {
      const file = openSync(`${this.#root}/${name}`, constants.O_RDONLY);
      try {
        const length = readSync(file, this.#buffer, 0, MOST, 0);
        return this.#buffer.toString('latin1', 0, length);
      } finally {
        closeSync(file);
      }
    } catch {
      // ended, of another user, or no Linux
      return undefined;
    }
  }
}

/** The number behind a name that a line begins with. */
function counted(text: string, name: string): number | undefined {
  const at = text.indexOf(name);
  return at < 0 ? undefined : Number.parseInt(text.slice(at + name.length, at + name.length + 20), 10);
}
