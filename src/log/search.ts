import type { Reader } from './formats/format.ts';
import type { LogFile, LogSource } from './source.ts';

/** Processes write a message some time after its time; clocks are set. */
const SLACK_MS = 60_000;
const PROBE = 2 ** 16;
/** A message of this length is gone over. */
const LONGEST_PROBE = 2 ** 22;
/** When what is left to look at is less, it is read. */
const CLOSE = 2 ** 18;

/** An entry, and where in its file it begins. */
interface Found {
  readonly offset: number;
  readonly at: number;
}

/**
 * Where to begin in a file so that nothing since a time is missed: from its end backwards in growing steps, then between
 * the last two. Entries are in their order within {@link SLACK_MS}.
 */
export async function beginningOf(
  source: LogSource,
  reader: Reader,
  { name, size }: LogFile,
  since: number,
): Promise<number> {
  const early = since - SLACK_MS;
  let low = 0;
  let high = size;
  for (let step = CLOSE; high > CLOSE; step *= 4) {
    const found = await firstFrom(source, reader, name, Math.max(0, size - step), high);
    if (found !== undefined && found.at < early) {
      low = found.offset;
      break;
    }
    high = Math.max(0, size - step);
  }
  while (high - low > CLOSE) {
    const middle = low + Math.floor((high - low) / 2);
    const found = await firstFrom(source, reader, name, middle, high);
    if (found !== undefined && found.at < early) low = found.offset;
    else high = middle;
  }
  return low;
}

/** The first entry that begins in a stretch of a file; undefined where there is none with a time. */
export async function firstFrom(
  source: LogSource,
  reader: Reader,
  name: string,
  from: number,
  to: number,
): Promise<Found | undefined> {
  // from the byte before: a line that begins exactly there is whole
  const start = Math.max(0, from - 1);
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < LONGEST_PROBE && start + bytes.length < to) {
    const length = Math.min(Math.max(PROBE, bytes.length), source.piece);
    const more = await source.read(name, start + bytes.length, length);
    if (more.length === 0) break;
    bytes = Buffer.concat([bytes, more]);
    const found = firstIn(bytes, from === 0, reader);
    if (found !== undefined) return { offset: start + found.offset, at: found.at };
  }
  return undefined;
}

function firstIn(bytes: Buffer, whole: boolean, reader: Reader): Found | undefined {
  let offset = whole ? 0 : bytes.indexOf(0x0a) + 1;
  if (offset === 0 && !whole) return undefined;
  for (let end = bytes.indexOf(0x0a, offset); end >= 0; end = bytes.indexOf(0x0a, offset)) {
    const at = reader.startOf(bytes.toString('utf8', offset, end));
    if (at !== undefined) return { offset, at };
    offset = end + 1;
  }
  return undefined;
}
