import { isMainThread, type MessagePort, parentPort, type Worker, workerData } from 'node:worker_threads';
import { Decrypter, Encrypter } from 'age-encryption';
import { startThread } from '../../../thread.ts';

/** What the thread does: for whom it encrypts, or with what it decrypts. */
export type Sealing =
  | { readonly kind: 'encrypt'; readonly recipients: readonly string[] }
  | { readonly kind: 'decrypt'; readonly identities: readonly string[] };

/** By which the thread knows that it is one of these. */
const SEALER = 'pgdeck-sealer';
/** Bytes that go between the threads at once: age works in pieces of 64 kB. */
const PIECE = 256 << 10;
/** Bytes from which on they are given back at once. */
const WORTH = 16 << 10;
/** Most of what it makes is garbage at once: more room would only let it lie for longer. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 };

type ToThread =
  | { readonly begin: Sealing }
  | { readonly part: Uint8Array }
  | { readonly end: true }
  | { readonly next: true };
type FromThread =
  | { readonly part: Uint8Array }
  | { readonly end: true }
  | { readonly more: true }
  | { readonly error: string };

/**
 * Encrypts and decrypts one thing after the other, in a thread of its own: it is one processor's work, and the console
 * goes on beside it. The thread is started when it is first needed.
 */
export class Sealer {
  #worker: Worker | undefined;

  /**
   * What `parts` become; at most two pieces of each side wait. Throws {@link SealError}, and what `parts` threw. Only one
   * at a time.
   */
  async *seal(parts: AsyncIterable<Uint8Array>, sealing: Sealing): AsyncGenerator<Uint8Array> {
    // this file is the thread's, too: it is a chunk of its own when it is bundled
    const worker =
      this.#worker ?? startThread(import.meta.url, { workerData: SEALER, resourceLimits: LIMITS });
    this.#worker = worker;
    const source = parts[Symbol.asyncIterator]();
    const came: Uint8Array[] = [];
    let ended = false;
    let fault: { readonly error: unknown } | undefined;
    let wake = () => {};
    const tell = (message: ToThread, given: readonly ArrayBuffer[] = []) =>
      worker.postMessage(message, given);
    const failed = (error: unknown) => {
      fault ??= { error };
      wake();
    };
    const feed = async () => {
      const { done, value } = await source.next();
      if (done) tell({ end: true });
      else tell({ part: value }, sealing.kind === 'encrypt' ? ownOf(value) : []);
    };
    const onMessage = (message: FromThread) => {
      if ('more' in message) return void feed().catch(failed);
      if ('error' in message) return failed(new SealError(message.error));
      if ('end' in message) ended = true;
      else came.push(message.part);
      wake();
    };
    const onExit = (code: number) => failed(new SealError(`the thread ended with exit code ${code}`));
    worker.on('message', onMessage).on('error', failed).on('exit', onExit);
    tell({ begin: sealing });
    try {
      for (;;) {
        const part = came.shift();
        if (part !== undefined) {
          yield part;
          tell({ next: true });
          continue;
        }
        if (ended) break;
        if (fault !== undefined) throw fault.error;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      worker.off('message', onMessage).off('error', failed).off('exit', onExit);
      // in the midst of something it is of no more use
      if (!ended) await this.close();
      await source.return?.();
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/** What age says. */
export class SealError extends Error {
  override readonly name = 'SealError';
  /** None of the identities is one that it was encrypted for. */
  get foreign(): boolean {
    return /no identity matched/.test(this.message);
  }
}

if (!isMainThread && parentPort !== null && workerData === SEALER) serve(parentPort);

/** Encrypts or decrypts what comes, piece by piece, until the thread is ended. */
function serve(port: MessagePort): void {
  const tell = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let taken = () => {};
  let given: (part: Uint8Array | undefined) => void = () => {};
  port.on('message', (message: ToThread) => {
    if ('begin' in message) void work(message.begin);
    else if ('next' in message) taken();
    else given('part' in message ? message.part : undefined);
  });

  let read = 0;
  /** With `spent`, a part is freed as the next is asked for: whoever reads must have done with it by then. */
  const input = (spent: boolean) => {
    let last: Uint8Array | undefined;
    read = 0;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          if (spent && last !== undefined) giveBack(last);
          const coming = new Promise<Uint8Array | undefined>((resolve) => {
            given = resolve;
          });
          tell({ more: true });
          last = await coming;
          if (last === undefined) return controller.close();
          read += last.length;
          controller.enqueue(last);
        },
      },
      // none is read ahead
      { highWaterMark: 0 },
    );
  };

  async function send(parts: readonly Uint8Array[]): Promise<void> {
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
      giveBack(part);
    }
    const next = new Promise<void>((resolve) => {
      taken = resolve;
    });
    tell({ part: whole }, [whole.buffer]);
    await next;
  }

  async function work(sealing: Sealing): Promise<void> {
    try {
      // what is decrypted is passed on by age before it is read
      const output =
        sealing.kind === 'encrypt'
          ? await encrypted(input(true), sealing)
          : await decrypted(input(false), sealing);
      let held: Uint8Array[] = [];
      let size = 0;
      let made = 0;
      for await (const part of output) {
        held.push(part);
        size += part.length;
        made += part.length;
        if (size < PIECE) continue;
        await send(held);
        [held, size] = [[], 0];
      }
      if (size > 0) await send(held);
      if (sealing.kind === 'encrypt' && made !== output.size(read))
        throw new Error(`${read} bytes became ${made}`);
      tell({ end: true });
    } catch (error) {
      tell({ error: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Gives the memory of a piece back now, which has nothing in it then: V8 lets 64 MB of it lie before it collects any. */
export function giveBack(piece: Uint8Array): void {
  for (const buffer of ownOf(piece)) buffer.transfer(0);
}

/** The memory that is a piece's alone; none where it is small: it is not worth it, and age looks at its header again. */
function ownOf({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return byteLength >= WORTH && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer
    ? [buffer]
    : [];
}

function encrypted(input: ReadableStream<Uint8Array>, { recipients }: Sealing & { kind: 'encrypt' }) {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return encrypter.encrypt(input);
}

function decrypted(input: ReadableStream<Uint8Array>, { identities }: Sealing & { kind: 'decrypt' }) {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  return decrypter.decrypt(input);
}
