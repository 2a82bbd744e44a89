import { setImmediate as breath } from 'node:timers/promises';
import { LOG_FORMATS, type LogEntry, type LogFormat } from './entry.ts';
import type { LogParser, Reader } from './formats/format.ts';
import { isOwn } from './own.ts';
import { beginningOf, firstFrom } from './search.ts';
import { redacted } from './secrets.ts';
import type { LogFile, LogSource } from './source.ts';
import { isWithin, type Span } from './span.ts';
import { byWriting, type Grown, type Tracked, TrackedFiles } from './tracked.ts';

/** A file that was written to this long before a time may hold what is of that time. */
const SLACK_MS = 60_000;
/** Entries that are remembered for the moment in which another form takes over, and in that moment. */
const RECENT = 64;
const CHANGING = 100_000;

/** What is read of a file to look back. */
interface Stretch {
  readonly file: LogFile;
  readonly from: number;
}

/** A form in which nothing is written for this long may not be written at all. */
const PAUSE_MS = 1_000;

/**
 * A server's log over its files and forms: each entry once, however often the files are rotated between two readings.
 * Memory does not grow with the log.
 */
export class LogReader {
  readonly source: LogSource;
  readonly #readers: Readonly<Record<LogFormat, Reader>>;
  readonly #files: TrackedFiles;
  #format: LogFormat = 'stderr';
  /** The last entries, for the change from one form to another. */
  #recent: string[] = [];
  #remembered = RECENT;
  /** Since when the log was read: later than asked for where it is longer than is read. */
  covered: number | undefined;
  /** More was written than is read. */
  cut = false;

  constructor(source: LogSource, readers: Readonly<Record<LogFormat, Reader>>) {
    this.source = source;
    this.#readers = readers;
    this.#files = new TrackedFiles(source, (format) => readers[format].timed);
  }

  /** The form that is read. */
  get format(): LogFormat {
    return this.#format;
  }

  /** Whether its entries say when they were; else nothing can be looked for by time. */
  get timed(): boolean {
    return this.#readers[this.#format].timed;
  }

  /** Looks which files there are; what is in them is what was before. `since`: what will be asked for. */
  async begin(since?: number): Promise<readonly LogFile[]> {
    if (since !== undefined) this.source.from?.(since);
    const formats = await this.source.formats();
    this.#format = best(formats) ?? this.#format;
    const files = await this.source.list();
    await this.#files.begin(files);
    return files;
  }

  /**
   * The entries since a time; of more bytes than `most` the newest. To be called once, after {@link begin} with what it
   * has returned.
   */
  async *since(
    time: number,
    files: readonly LogFile[],
    most = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<LogEntry> {
    const forms = LOG_FORMATS.filter((format) => this.#readers[format].timed);
    yield* this.#between(forms, { from: time, until: Number.POSITIVE_INFINITY }, files, most);
    this.covered ??= time;
  }

  /** What the first of some forms has of a time, and the others where that one was not written. */
  async *#between(
    [format, ...others]: readonly LogFormat[],
    { from, until }: Span,
    files: readonly LogFile[],
    most = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<LogEntry> {
    if (format === undefined) return;
    const stretches = await this.#within(await this.#stretches(format, from, files), most);
    if (stretches.length === 0) {
      yield* this.#between(others, { from, until }, files, most);
      return;
    }
    const current = until === Number.POSITIVE_INFINITY && format === this.#format;
    let missing = !this.cut && !(await this.#covers(stretches, from));
    let told = false;
    let last = from;
    for (const [index, stretch] of stretches.entries()) {
      const open = current && index === stretches.length - 1;
      let at = Number.NEGATIVE_INFINITY;
      for await (const entry of this.#read(stretch.file, stretch.from, { open, kept: current })) {
        at = entry.at ?? at;
        if (this.cut) this.covered ??= entry.at ?? undefined;
        if (at > until + SLACK_MS) break;
        if (!isWithin(at, { from, until })) continue;
        if (missing || (told && at - last >= PAUSE_MS)) {
          yield* this.#gap(others, { from: last, until: at }, files);
          missing = false;
          told = false;
        }
        // before another form is written the postmaster says that it reads its settings again, or that it ends
        told ||= entry.backendType === 'postmaster';
        last = Math.max(last, at);
        yield this.#seen(entry);
      }
    }
    if (!current) yield* this.#gap(others, { from: last, until }, files);
  }

  /** What others have of a time in which a form was not written, without what was read at its beginning. */
  async *#gap(forms: readonly LogFormat[], span: Span, files: readonly LogFile[]): AsyncGenerator<LogEntry> {
    const known = this.recent();
    for await (const entry of this.#between(forms, span, files))
      if ((entry.at ?? 0) - span.from >= 1000 || !known(entry)) yield entry;
  }

  /** Whether the first of them begins before a time. */
  async #covers([oldest]: readonly Stretch[], time: number): Promise<boolean> {
    if (oldest === undefined) return false;
    const { name, size, format } = oldest.file;
    const first = await firstFrom(this.source, this.#readers[format], name, 0, size);
    return first !== undefined && first.at <= time;
  }

  /** The entries that have come since the last call. */
  async *more(): AsyncGenerator<LogEntry> {
    const next = best(await this.source.formats()) ?? this.#format;
    this.#remembered = next === this.#format ? RECENT : CHANGING;
    const { grown, gone } = await this.#files.update(await this.source.list());
    // nothing has followed: the last message is complete
    for (const { parser } of gone) if (parser !== undefined) yield* this.#emit(parser.end());
    for (const { parser, file } of this.#files.all)
      if (parser?.waiting && !grown.some(({ tracked }) => tracked.file.id === file.id))
        yield* this.#emit(parser.settle());
    const own = await this.#inOrder(grown.filter(({ tracked }) => tracked.file.format === this.#format));
    for (const { tracked, copyOf } of own) {
      // what was read of the one meanwhile is not read of the other
      if (copyOf !== undefined)
        tracked.offset = Math.min(tracked.file.size, Math.max(tracked.offset, copyOf.offset));
      yield* this.#continue(tracked, tracked === own.at(-1)?.tracked);
    }
    if (next !== this.#format) yield* this.#change(next);
    // what is in the other forms is the same
    for (const { tracked } of grown)
      if (tracked.file.format !== this.#format) await this.#files.readTo(tracked, tracked.file.size);
  }

  /** By the first entry that is new in each: files may have changed within the same second, and have any name. */
  async #inOrder(grown: readonly Grown[]): Promise<readonly Grown[]> {
    const reader = this.#readers[this.#format];
    if (grown.length < 2 || !reader.timed) return grown;
    const times = new Map<Grown, number>();
    for (const one of grown) {
      const { file, offset } = one.tracked;
      const found = await firstFrom(this.source, reader, file.name, offset, file.size);
      // a copy has what its original has, and that is read first
      times.set(one, one.copyOf || found === undefined ? Number.POSITIVE_INFINITY : found.at);
    }
    const time = (one: Grown) => times.get(one) ?? 0;
    const begun = ({ tracked }: Grown) => Number(tracked.offset === 0);
    // of one millisecond, what goes on was written before what begins
    return grown.toSorted((a, b) => (time(a) === time(b) ? begun(a) - begun(b) : time(a) < time(b) ? -1 : 1));
  }

  /** What is left where nobody will read on: the last entry, and one that was not written to its end. */
  *finish(): Generator<LogEntry> {
    for (const tracked of this.#files.all) {
      const { parser } = tracked;
      delete tracked.parser;
      if (parser !== undefined) yield* this.#emit(parser.end());
    }
  }

  /** The server now writes another form: what it has had before is there already. */
  async *#change(next: LogFormat): AsyncGenerator<LogEntry> {
    yield* this.finish();
    const known = this.recent();
    this.#format = next;
    const files = this.#files.all.filter(({ file }) => file.format === next && file.size > 0);
    for (const tracked of files.sort((a, b) => byWriting(a.file, b.file)))
      for await (const entry of this.#continue(tracked, true)) {
        if (!known(entry)) yield entry;
      }
  }

  async *#continue(tracked: Tracked, open: boolean): AsyncGenerator<LogEntry> {
    const { file } = tracked;
    for await (const entry of this.#read(file, tracked.offset, { open, kept: true })) yield this.#seen(entry);
  }

  /** What is in a file from a place on; `open` where more of it may follow, `kept` where it is read on. */
  async *#read(
    file: LogFile,
    from: number,
    { open, kept: reading }: { readonly open: boolean; readonly kept: boolean },
  ): AsyncGenerator<LogEntry> {
    const kept = reading ? this.#files.get(file) : undefined;
    const parser: LogParser = kept?.parser ?? this.#readers[file.format].parser();
    if (kept !== undefined) kept.parser = parser;
    let offset = from;
    while (offset < file.size) {
      const length = Math.min(this.source.piece, file.size - offset);
      const bytes = await this.source.read(file.name, offset, length);
      if (bytes.length === 0) break;
      offset += bytes.length;
      const entries = clean(parser.push(bytes));
      // before they are given away: a read that fails later begins here again
      if (kept !== undefined) kept.offset = Math.max(kept.offset, offset);
      yield* entries;
      // so that ^C is heard
      await breath();
    }
    if (!open) yield* clean(parser.settle());
    if (kept === undefined) return;
    if (!parser.waiting) delete kept.parser;
    await this.#files.readTo(kept, kept.offset);
  }

  /** Whether an entry was among the last that were given, counted off: for a reader that takes over. */
  recent(): (entry: LogEntry) => boolean {
    const known = new Map<string, number>();
    for (const key of this.#recent) known.set(key, (known.get(key) ?? 0) + 1);
    return (entry) => {
      const key = keyOf(entry);
      const times = known.get(key) ?? 0;
      if (times > 0) known.set(key, times - 1);
      return times > 0;
    };
  }

  *#emit(entries: readonly LogEntry[]): Generator<LogEntry> {
    for (const entry of clean(entries)) yield this.#seen(entry);
  }

  #seen(entry: LogEntry): LogEntry {
    this.#recent.push(keyOf(entry));
    if (this.#recent.length > 2 * this.#remembered) this.#recent = this.#recent.slice(-this.#remembered);
    return entry;
  }

  /** Files of a form and places to look back from, the oldest first. */
  async #stretches(format: LogFormat, time: number, files: readonly LogFile[]): Promise<Stretch[]> {
    const found: Stretch[] = [];
    for (const file of files
      .filter((one) => one.format === format && one.size > 0 && one.modified >= time - SLACK_MS)
      .sort(byWriting))
      found.push({ file, from: await beginningOf(this.source, this.#readers[format], file, time) });
    return found;
  }

  /** No more than may be read, the newest of it. */
  async #within(stretches: readonly Stretch[], most: number): Promise<readonly Stretch[]> {
    let room = most;
    const kept: Stretch[] = [];
    for (const stretch of stretches.toReversed()) {
      const { file, from } = stretch;
      if (room >= file.size - from) kept.unshift(stretch);
      else {
        this.cut = true;
        const reader = this.#readers[file.format];
        const start = await firstFrom(this.source, reader, file.name, file.size - room, file.size);
        if (start !== undefined) kept.unshift({ ...stretch, from: start.offset });
        break;
      }
      room -= file.size - from;
    }
    return kept;
  }
}

function best(formats: readonly LogFormat[]): LogFormat | undefined {
  return LOG_FORMATS.find((format) => formats.includes(format));
}

function clean(entries: readonly LogEntry[]): LogEntry[] {
  return entries.filter((entry) => !isOwn(entry)).map(redacted);
}

/** What is the same in every form. */
function keyOf({ at, pid, message }: LogEntry): string {
  return `${at === null ? '' : Math.floor(at / 1000)} ${pid ?? ''} ${message.slice(0, 200)}`;
}
