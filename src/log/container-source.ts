import type { ContainerOutput } from '../hosts/host.ts';
import type { LogFormat } from './entry.ts';
import type { LogFile, LogSource } from './source.ts';

/** Lines that are asked for at first; then four times as many, until they reach back far enough. */
const FIRST = 1_000;
/** Processes write a message some time after its time. */
const SLACK_MS = 60_000;
/** By which a file is known: see {@link file://./tracked.ts}. */
const HEAD = 512;
/** A line that is longer is kept in pieces of this size, each with a time of its own. */
const PIECE = 16_384;

const NAME = 'output';
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) /;

interface Line {
  /** As it was written: of one machine, in order as texts. */
  readonly stamp: string;
  readonly text: string;
}

/**
 * What a container's first process has written, where the server's log goes there: docker keeps it, rotates it, and gives
 * its last lines with the time of each. It is asked anew each time, so that nothing is left running. Memory holds no more
 * than {@link most}.
 */
export class ContainerSource implements LogSource {
  readonly place: string;
  readonly away = true;
  readonly piece = 2 ** 20;
  readonly most = 2 ** 25;
  readonly #output: ContainerOutput;
  readonly #stamped: boolean;
  #since = Number.NEGATIVE_INFINITY;
  /** What was read last of each stream, and how many lines of that moment. */
  readonly #last = { stdout: { stamp: '', count: 0 }, stderr: { stamp: '', count: 0 } };
  #head: Buffer = Buffer.alloc(0);
  /** What begins at {@link #base}. */
  #bytes: Buffer = Buffer.alloc(0);
  #base = 0;
  #modified = 0;

  /** `stamped`: the times are put before its lines, whose own prefix has none. */
  constructor(output: ContainerOutput, label: string, { stamped }: { readonly stamped: boolean }) {
    this.#output = output;
    this.#stamped = stamped;
    this.place = `the output of ${label}`;
  }

  /** How far back it is read at the first time; milliseconds since 1970. */
  from(since: number): void {
    this.#since = since - SLACK_MS;
  }

  async formats(): Promise<readonly LogFormat[]> {
    return ['stderr'];
  }

  async list(): Promise<readonly LogFile[]> {
    await this.#readOn();
    const size = this.#base + this.#bytes.length;
    return [{ id: NAME, name: NAME, format: 'stderr', size, modified: this.#modified }];
  }

  async read(_name: string, offset: number, length: number): Promise<Buffer> {
    if (offset < this.#base) return this.#head.subarray(offset, offset + length);
    return this.#bytes.subarray(offset - this.#base, offset - this.#base + length);
  }

  async heads(names: readonly string[], length: number): Promise<readonly Buffer[]> {
    return Promise.all(names.map((name) => this.read(name, 0, length)));
  }

  async #readOn(): Promise<void> {
    for (let lines = FIRST; ; lines *= 4) {
      const told = await this.#output.tail(lines);
      const [out, err] = [linesOf(told.stdout), linesOf(told.stderr)];
      const kept = told.stdout.length + told.stderr.length;
      // one that was kept in pieces counts as often
      const whole = pieces(out) + pieces(err) < lines;
      if (!whole && kept < this.most && !(this.#reaches('stdout', out) && this.#reaches('stderr', err)))
        continue;
      this.#take([...this.#fresh('stdout', out), ...this.#fresh('stderr', err)]);
      return;
    }
  }

  /** Whether these go back to what was read before. Of a stream that has said nothing there is nothing to miss. */
  #reaches(stream: 'stdout' | 'stderr', [first]: readonly Line[]): boolean {
    if (first === undefined) return true;
    const { stamp } = this.#last[stream];
    return stamp === '' ? Date.parse(first.stamp) < this.#since : first.stamp <= stamp;
  }

  #fresh(stream: 'stdout' | 'stderr', lines: readonly Line[]): readonly Line[] {
    const { stamp, count } = this.#last[stream];
    const same = lines.filter((line) => line.stamp === stamp).slice(count);
    const fresh = [...same, ...lines.filter((line) => line.stamp > stamp)];
    const newest = fresh.at(-1)?.stamp;
    if (newest !== undefined)
      this.#last[stream] = {
        stamp: newest,
        count: fresh.filter((line) => line.stamp === newest).length + (newest === stamp ? count : 0),
      };
    return fresh;
  }

  #take(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    // both streams, each of which is in its order
    const ordered = lines.toSorted((a, b) => (a.stamp === b.stamp ? 0 : a.stamp < b.stamp ? -1 : 1));
    const wanted = ordered.filter(({ stamp }) => !(Date.parse(stamp) < this.#since));
    const text = wanted.map((line) => `${this.#written(line)}\n`).join('');
    const all = Buffer.concat([this.#bytes, Buffer.from(text)]);
    if (this.#head.length < HEAD && this.#base === 0) this.#head = Buffer.from(all.subarray(0, HEAD));
    const gone = Math.max(0, all.length - this.most);
    // from the beginning of a line
    const cut = gone === 0 ? 0 : all.indexOf(0x0a, gone) + 1;
    this.#bytes = cut === 0 ? all : Buffer.from(all.subarray(cut));
    this.#base += cut;
    this.#modified = Math.max(this.#modified, Date.parse(ordered.at(-1)?.stamp ?? ''));
  }

  #written({ stamp, text }: Line): string {
    // the server puts a tab before what goes on
    if (!this.#stamped || text.startsWith('\t')) return text;
    return `${new Date(stamp).toISOString().replace('T', ' ').replace('Z', ' UTC')} ${text}`;
  }
}

/** Lines behind their times. What has none is the rest of one that was cut off. */
function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((line): Line[] => {
    const [all, stamp] = STAMP.exec(line) ?? [];
    if (all === undefined || stamp === undefined) return [];
    return [{ stamp, text: joined(line.slice(all.length)).replace(/\r$/, '') }];
  });
}

/** A long line without the times of its pieces. */
function joined(text: string): string {
  if (text.length <= PIECE) return text;
  // as bytes: so the pieces are counted
  let rest: Buffer = Buffer.from(text);
  const parts: Buffer[] = [];
  while (rest.length > PIECE) {
    parts.push(rest.subarray(0, PIECE));
    rest = rest.subarray(PIECE);
    const [stamp = ''] = STAMP.exec(rest.toString('latin1', 0, 64)) ?? [];
    rest = rest.subarray(stamp.length);
  }
  return Buffer.concat([...parts, rest]).toString('utf8');
}

const pieces = (lines: readonly Line[]): number =>
  lines.reduce((sum, { text }) => sum + Math.max(1, Math.ceil(text.length / PIECE)), 0);
