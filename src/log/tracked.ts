import type { LogFormat } from './entry.ts';
import type { LogParser } from './formats/format.ts';
import type { LogFile, LogSource } from './source.ts';

/** Bytes that a file is known by, besides its name: a log begins with a time and a process. */
const HEAD = 512;
/** Files whose beginning is read at first, the newest: those are the ones that a server may begin anew. */
const MANY = 500;
/** With fewer a file may be taken for another one. */
const TELLING = 64;

const NOTHING = Buffer.alloc(0);

/** A file, and how far it was read. */
export interface Tracked {
  readonly file: LogFile;
  /** All before was read or is not wanted. */
  offset: number;
  head: Buffer;
  /** Set while something of it waits for the rest. */
  parser?: LogParser;
}

/** A file that has more than was read of it, or another one's content that was read. */
export interface Grown {
  readonly tracked: Tracked;
  /** It is a copy of this one, as copytruncate of logrotate makes it: what was read there was read here. */
  readonly copyOf?: Tracked;
}

/**
 * The files of a log as they are renamed, copied, truncated and made anew: what was read of each is read no second time,
 * whatever it is called.
 */
export class TrackedFiles {
  readonly #source: LogSource;
  /** Whether a first line says when it was: only then the same beginning means the same file. */
  readonly #telling: (format: LogFormat) => boolean;
  #tracked = new Map<string, Tracked>();

  constructor(source: LogSource, telling: (format: LogFormat) => boolean) {
    this.#source = source;
    this.#telling = telling;
  }

  /** Takes all that is there as read. */
  async begin(files: readonly LogFile[]): Promise<void> {
    const newest = files.toSorted(byWriting).slice(-MANY);
    const heads = await this.#source.heads(
      newest.map(({ name }) => name),
      HEAD,
    );
    const known = new Map(newest.map((file, index) => [file, heads[index]]));
    for (const file of files)
      this.#tracked.set(file.id, { file, offset: file.size, head: known.get(file) ?? NOTHING });
  }

  get(file: LogFile): Tracked | undefined {
    return this.#tracked.get(file.id);
  }

  get all(): readonly Tracked[] {
    return [...this.#tracked.values()];
  }

  /** What has come of it that can be read, in the order of writing; `gone` are those that nothing is left of. */
  async update(files: readonly LogFile[]): Promise<{ grown: readonly Grown[]; gone: readonly Tracked[] }> {
    const before = this.#tracked;
    const after = new Map<string, Tracked>();
    const left = new Set(before.values());
    const fresh: LogFile[] = [];
    const grown: Grown[] = [];
    const keep = (tracked: Tracked) => {
      after.set(tracked.file.id, tracked);
      if (tracked.file.size > tracked.offset) grown.push({ tracked });
    };
    for (const file of files) {
      const known = before.get(file.id);
      if (known === undefined || !(await this.#continues(known, file))) {
        fresh.push(file);
        continue;
      }
      left.delete(known);
      keep({ ...known, file });
    }
    for (const file of fresh) {
      const moved = await this.#find(left, file);
      if (moved !== undefined) {
        left.delete(moved);
        keep({ ...moved, file });
        continue;
      }
      const original = await this.#find(after.values(), file);
      const offset = Math.min(file.size, original?.offset ?? 0);
      const tracked: Tracked = { file, offset, head: NOTHING };
      after.set(file.id, tracked);
      if (original !== undefined) grown.push({ tracked, copyOf: original });
      else if (file.size > 0) grown.push({ tracked });
    }
    this.#tracked = after;
    return { grown: grown.sort(byAge), gone: [...left] };
  }

  /** Remembers that a file was read to a place. */
  async readTo(tracked: Tracked, offset: number): Promise<void> {
    tracked.offset = offset;
    if (tracked.head.length < Math.min(HEAD, offset))
      tracked.head = await this.#source.read(tracked.file.name, 0, HEAD);
  }

  async #continues({ offset, head }: Tracked, file: LogFile): Promise<boolean> {
    if (file.size === offset) return true;
    return file.size > offset && (await this.#begins(file, head));
  }

  async #find(among: Iterable<Tracked>, file: LogFile): Promise<Tracked | undefined> {
    if (!this.#telling(file.format)) return undefined;
    for (const one of among) {
      const like = one.file.format === file.format && one.file.id !== file.id;
      const enough = one.head.length >= TELLING && file.size >= one.head.length;
      if (like && enough && (await this.#begins(file, one.head))) return one;
    }
    return undefined;
  }

  async #begins(file: LogFile, head: Buffer): Promise<boolean> {
    return head.length === 0 || head.equals(await this.#source.read(file.name, 0, head.length));
  }
}

/** Copies last: what they are copies of is read before. */
function byAge(a: Grown, b: Grown): number {
  return (
    Number(a.copyOf !== undefined) - Number(b.copyOf !== undefined) ||
    byWriting(a.tracked.file, b.tracked.file)
  );
}

/** In the order of their last change; names tell those of one moment apart, as they have the time in them. */
export function byWriting(a: LogFile, b: LogFile): number {
  return a.modified - b.modified || (a.name < b.name ? -1 : 1);
}
