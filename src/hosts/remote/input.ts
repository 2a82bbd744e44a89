import type { FileHandle } from 'node:fs/promises';
import type { Exchange } from './exchange.ts';

/** What a pipe of Linux holds: so much is taken even by a program that reads nothing. */
export const HELD = 65_536;
/**
 * Bytes that go to a file in one go; all that is sent at once is a multiple, but for the last. Written 1 MB at a time to
 * ext4 of Linux 6.18, which takes memory in pieces as large then, it costs five times as much as up to 512 kB.
 */
export const FILE_UNIT = 128 << 10;
/** Bytes of a file that are read at once. */
const PART = 256 << 10;
/** Bytes of a stream that are announced at once: each time costs a process there. */
const BLOCK = 8 << 20;
/** Bytes of a file, of which none wait here. */
const STRETCH = 64 << 20;
/** Parts of a file that are read ahead. */
const AHEAD = 8;

export interface SendOptions {
  /** It goes to the file of the job. */
  readonly file?: boolean;
  /** Told of each part before it goes. */
  readonly see?: (part: Uint8Array) => void;
}

/** Sends all of a text or a stream to the program, and the end of it; less when it takes no more. */
export async function sendStream(
  exchange: Exchange,
  from: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { file = false, see }: SendOptions = {},
): Promise<void> {
  const unit = file ? FILE_UNIT : HELD;
  let waiting: Uint8Array[] = [];
  let size = 0;
  // what came is on its way while the next comes
  let sent: Promise<void> = Promise.resolve();
  const flush = async () => {
    const whole = size - (size % unit);
    const [parts, rest] = split(waiting, whole);
    [waiting, size] = [rest, size - whole];
    await sent;
    if (whole > 0) sent = exchange.write(announced(unit, whole / unit, file), ...parts);
  };
  for await (const chunk of from) {
    if (!exchange.open) return;
    see?.(chunk);
    waiting.push(chunk);
    size += chunk.length;
    if (size >= BLOCK) await flush();
  }
  await flush();
  await sent;
  if (size > 0) await exchange.write(announced(size, 1, file), ...waiting);
  if (exchange.open) exchange.word('0');
}

/** Sends an open file to that of the job. Throws where it changes its length meanwhile. */
export async function sendFile(
  exchange: Exchange,
  from: FileHandle,
  see: (part: Uint8Array) => void,
): Promise<void> {
  const parts = Array.from({ length: AHEAD }, () => Buffer.allocUnsafe(PART));
  const busy: Promise<void>[] = [];
  const { size } = await from.stat();
  for (let at = 0, turn = 0; at < size; ) {
    const left = Math.min(size - at, STRETCH);
    const unit = Math.min(left, FILE_UNIT);
    const end = at + left - (left % unit);
    exchange.word(announced(unit, (end - at) / unit, true).trim());
    for (; at < end; turn = (turn + 1) % AHEAD) {
      await busy[turn];
      if (!exchange.open) return;
      const bytes = (parts[turn] as Buffer).subarray(0, Math.min(PART, end - at));
      await readWhole(from, bytes, at);
      see(bytes);
      busy[turn] = exchange.flushed(bytes);
      at += bytes.length;
    }
  }
  await Promise.all(busy);
  if ((await from.stat()).size !== size) throw otherLength();
  if (exchange.open) exchange.word('0');
}

async function readWhole(from: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await from.read(bytes, done, bytes.length - done, at + done);
    if (bytesRead === 0) throw otherLength();
    done += bytesRead;
  }
}

/** Of a file of this machine. */
export const otherLength = () => new Error('The file changed its length while it was copied.');

const announced = (size: number, count: number, file: boolean) => `${file ? 'f ' : ''}${size} ${count}\n`;

/** The first so many bytes, and what follows; nothing is copied. */
function split(chunks: readonly Uint8Array[], at: number): [Uint8Array[], Uint8Array[]] {
  const [before, after]: [Uint8Array[], Uint8Array[]] = [[], []];
  let left = at;
  for (const chunk of chunks) {
    if (left > 0) before.push(chunk.subarray(0, left));
    if (chunk.length > left) after.push(chunk.subarray(Math.max(left, 0)));
    left -= chunk.length;
  }
  return [before, after];
}
