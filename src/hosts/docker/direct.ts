import { once } from 'node:events';
import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { Client, ClientEnd } from '../remote/way.ts';
import { createExec, daemonSocket, execCode } from './daemon.ts';
import { Frames } from './frames.ts';

/** Milliseconds for the daemon to begin: docker's client waits for one that says nothing, and can be cancelled. */
const BEGIN_MS = 5_000;
/** Bytes of one read, and how many of them wait to be written. */
const READ = 64 << 10;
const READS = 32;
/** Milliseconds of a write from which on nothing else waits for the next. */
const SLOW_MS = 50;
/** Milliseconds between two looks whether all that came is read. */
const IDLE_MS = 5;
/** Bytes of the answer that begins the stream, at most. */
const HEAD = 16_384;
const HEAD_END = '\r\n\r\n';

export interface Direct {
  readonly container: string;
  readonly user: string | undefined;
  readonly words: readonly string[];
  /** Takes the output. */
  readonly file: FileHandle;
  /** Nothing is begun any more. */
  readonly signal: AbortSignal | undefined;
}

/**
 * A command of a container by way of the daemon's own socket, whose output goes into a file and is seen on its way:
 * docker's client costs a fifth of what a copy costs, and what it wrote would have to be read again. Undefined where that
 * is not to be had, and nothing was begun; docker's client then says why, or does it.
 */
export async function direct({ container, user, words, file, signal }: Direct): Promise<Client | undefined> {
  const until = AbortSignal.any([AbortSignal.timeout(BEGIN_MS), ...(signal === undefined ? [] : [signal])]);
  let socket: string | undefined;
  let exec: string;
  let stream: Stream;
  try {
    socket = await daemonSocket(until);
    if (socket === undefined) return undefined;
    exec = await createExec(socket, container, words, user, until);
    stream = await Stream.begin(socket, exec, until);
  } catch {
    return undefined;
  }
  return clientOf(stream, file, () => execCode(socket, exec));
}

function clientOf(stream: Stream, file: FileHandle, code: () => Promise<number | undefined>): Client {
  const { socket } = stream;
  const stderr = new PassThrough();
  // what comes is read to its end though nothing more is sent, as a client program does
  const stdin = new Writable({
    write: (chunk, _encoding, done) => {
      void stream.idle().then(() => socket.write(chunk, () => done()));
    },
    final: (done) => {
      void stream.idle().then(() => socket.end());
      done();
    },
    destroy: (error, done) => {
      socket.end();
      done(error);
    },
  });
  stdin.on('error', () => {});
  let over = () => {};
  const read = new Promise<void>((resolve) => {
    over = resolve;
  });
  const closed = read.then(async (): Promise<Pick<ClientEnd, 'exitCode' | 'signal'>> => {
    stdin.destroy();
    stderr.end();
    return { exitCode: await code().catch(() => undefined), signal: undefined };
  });
  return {
    stdin,
    stderr,
    stdout: undefined,
    written: written(stream, file, stderr, over),
    closed,
    hold: (on) => void (on ? socket.ref() : socket.unref()),
    kill: () => {
      stream.cut();
      stderr.destroy();
    },
  };
}

/** The output, part by part, each while it is written, up to what is none; throws the system's error of the file. */
async function* written(
  stream: Stream,
  file: FileHandle,
  stderr: PassThrough,
  over: () => void,
): AsyncGenerator<Buffer> {
  const frames = new Frames();
  let at = 0;
  let slow = false;
  try {
    for (;;) {
      const reads = await stream.read();
      if (reads.length === 0) return;
      const parts: Buffer[] = [];
      const taken = {
        stdout: (part: Buffer) => void parts.push(part),
        // what it is part of is overwritten
        stderr: (part: Buffer) => void stderr.write(Buffer.from(part)),
      };
      if (!reads.every((bytes) => frames.take(bytes, taken))) return;
      const left: Buffer[] = [];
      for (const part of parts) {
        yield part;
        if (slow) {
          left.push(part);
          continue;
        }
        // its bytes are in the processor's cache now: a thread that writes them costs as much as all else together
        const began = performance.now();
        writeAllSync(file.fd, part, at);
        at += part.length;
        slow = performance.now() - began > SLOW_MS;
      }
      if (left.length > 0) at += await writeAll(file, left, at);
      stream.free(reads);
    }
  } finally {
    stream.cut();
    over();
  }
}

/** How many bytes were written; a file may take less at once than it is given. */
async function writeAll(file: FileHandle, parts: readonly Buffer[], at: number): Promise<number> {
  const bytes = Buffer.concat(parts);
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  return bytes.length;
}

function writeAllSync(fd: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, at + done);
}

/** What comes of a command, in reads that are given back. */
class Stream {
  readonly socket: Socket;
  /** Fulfilled when nothing comes any more; never rejected. */
  readonly closed: Promise<void>;
  readonly #free: Buffer[] = Array.from({ length: READS }, () => Buffer.allocUnsafeSlow(READ));
  #came: Buffer[] = [];
  #ended = false;
  #paused = false;
  #wake = () => {};

  private constructor(path: string) {
    this.socket = createConnection({
      path,
      allowHalfOpen: true,
      onread: {
        buffer: () => this.#free.pop() as Buffer,
        callback: (length, bytes) => this.#take(Buffer.from(bytes.buffer, bytes.byteOffset, length)),
      },
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      const end = () => {
        this.#ended = true;
        this.#wake();
        this.socket.destroy();
        resolve();
      };
      this.socket.once('end', end);
      this.socket.once('close', end);
    });
  }

  /** Starts a command. Throws where the daemon does not until then. */
  static async begin(path: string, exec: string, until: AbortSignal): Promise<Stream> {
    until.throwIfAborted();
    const stream = new Stream(path);
    const late = () => stream.cut();
    until.addEventListener('abort', late, { once: true });
    try {
      await Promise.race([once(stream.socket, 'connect'), stream.closed]);
      const body = JSON.stringify({ Detach: false, Tty: false });
      stream.socket.write(
        `POST /exec/${exec}/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await stream.#begun();
      return stream;
    } catch (error) {
      stream.cut();
      throw error;
    } finally {
      until.removeEventListener('abort', late);
    }
  }

  async #begun(): Promise<void> {
    let head = Buffer.alloc(0);
    for (let end = -1; end < 0; ) {
      const reads = await this.read();
      if (reads.length === 0 || head.length > HEAD) throw new Error('The docker daemon began nothing.');
      head = Buffer.concat([head, ...reads]);
      this.free(reads);
      end = head.indexOf(HEAD_END);
      if (end < 0) continue;
      // 200 of a daemon that knows of no upgrade (1.11)
      if (!/^HTTP\/1\.1 (?:101|200) /.test(head.toString('latin1', 0, end)))
        throw new Error(head.toString('utf8', end));
      const rest = head.subarray(end + HEAD_END.length);
      if (rest.length > 0) this.#came.unshift(rest);
    }
  }

  /** What came since; nothing at its end. */
  async read(): Promise<readonly Buffer[]> {
    while (this.#came.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const came = this.#came;
    this.#came = [];
    return came;
  }

  /**
   * Fulfilled when nothing that has come is unread. A socket that is written to although the daemon has closed it is
   * closed here as well, with what it still holds: that would be the last of what a slow disk has kept waiting.
   */
  async idle(): Promise<void> {
    await turn();
    while (!this.#ended && (this.#paused || this.#came.length > 0)) await delay(IDLE_MS);
  }

  /** What was read is not used any more. */
  free(reads: readonly Buffer[]): void {
    for (const { buffer, byteLength } of reads)
      if (buffer.byteLength === READ && byteLength <= READ) this.#free.push(Buffer.from(buffer));
    if (!this.#paused || this.#free.length < READS / 2) return;
    this.#paused = false;
    this.socket.resume();
  }

  /** Nothing more comes. */
  cut(): void {
    this.socket.destroy();
  }

  /** Whether more is taken: one more stays for what is asked for next. */
  #take(bytes: Buffer): boolean {
    this.#came.push(bytes);
    this.#wake();
    this.#paused = this.#free.length <= 1;
    return !this.#paused;
  }
}
