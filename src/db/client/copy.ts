import type { Answered, DriverClient } from './driver.ts';

/** What is used of the driver's connection while a COPY goes on. */
interface Wire {
  readonly stream: {
    pause(): void;
    resume(): void;
    readonly writableNeedDrain: boolean;
  } & NodeJS.EventEmitter;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** A query of the driver, whose answers to COPY are ours to take. */
export interface CopyQuery {
  handleCopyData(message: { readonly chunk: Buffer }, wire: Wire): void;
  handleCopyInResponse(wire: Wire): void;
}

/** The driver's own class: with its connection in pipeline mode it takes no other. */
export type CopyQueryClass = new (
  config: { readonly text: string },
  values: undefined,
  callback: (error: Error | null, result?: Answered & { readonly rowCount: number | null }) => void,
) => CopyQuery;

/** What who takes or gives the bytes has thrown, as opposed to the server. */
export class NotTheServer extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super('the bytes of a COPY');
    this.thrown = thrown;
  }
}

/** Rows come one by one; so much is handed on at once. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Runs `COPY … TO STDOUT`. `take` gets the bytes in order, each time some that stay its own; while it works no more are
 * read. Answers the number of rows. Throws {@link NotTheServer}, or what the driver throws.
 */
export async function copyOut(
  client: DriverClient,
  Query: CopyQueryClass,
  text: string,
  take: (chunk: Buffer) => Promise<void>,
): Promise<number> {
  const wire = wireOf(client);
  let failure: unknown;
  let taking: Promise<void> = Promise.resolve();
  let held: Buffer[] = [];
  let size = 0;
  const hand = () => {
    const chunk = Buffer.concat(held);
    held = [];
    size = 0;
    wire.stream.pause();
    taking = taking
      .then(() => (failure === undefined ? take(chunk) : undefined))
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => wire.stream.resume());
  };
  const rows = await asked(client, Query, text, {
    handleCopyData: ({ chunk }) => {
      // the driver reads the next ones into the same memory
      held.push(Buffer.from(chunk));
      size += chunk.length;
      if (size >= CHUNK_BYTES) hand();
    },
  });
  if (size > 0) hand();
  await taking;
  if (failure !== undefined) throw new NotTheServer(failure);
  return rows;
}

/**
 * Runs `COPY … FROM STDIN` with these bytes; nothing else may be asked over the connection meanwhile. Answers the number
 * of rows. Throws {@link NotTheServer}, after which the server has taken nothing, or what the driver throws.
 */
export async function copyIn(
  client: DriverClient,
  Query: CopyQueryClass,
  text: string,
  chunks: AsyncIterable<Buffer>,
): Promise<number> {
  let failure: unknown;
  let over = false;
  const feed = async (wire: Wire) => {
    try {
      for await (const chunk of chunks) {
        // the server has refused a row, and takes no more
        if (over) return;
        wire.sendCopyFromChunk(chunk);
        if (wire.stream.writableNeedDrain) await drained(wire);
      }
      if (!over) wire.endCopyFrom();
    } catch (error) {
      failure = error;
      wire.sendCopyFail('what was to be read cannot be');
    }
  };
  try {
    return await asked(client, Query, text, { handleCopyInResponse: (wire) => void feed(wire) });
  } catch (error) {
    throw failure === undefined ? error : new NotTheServer(failure);
  } finally {
    over = true;
  }
}

function wireOf(client: DriverClient): Wire {
  return (client as unknown as { connection: Wire }).connection;
}

function asked(
  client: DriverClient,
  Query: CopyQueryClass,
  text: string,
  handlers: Partial<CopyQuery>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const query = new Query({ text }, undefined, (error, result) =>
      error ? reject(error) : resolve(result?.rowCount ?? 0),
    );
    Object.assign(query, handlers);
    void client.query(query as never);
  });
}

/** A connection that breaks meanwhile is told by the query. */
function drained({ stream }: Wire): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.on('drain', go).on('close', go);
  });
}
