import type { Writable } from 'node:stream';

/**
 * Writes what comes to a program's input and ends that. Rejects with what the source throws: the input is still open then,
 * so that the program can be ended before it takes what it has for whole. What the program does not read any more
 * is not waited for.
 */
export async function feed(
  stdin: Writable,
  from: AsyncIterable<Uint8Array>,
  ended: Promise<unknown>,
): Promise<void> {
  // a program that has ended has a code of its own
  stdin.on('error', () => {});
  const over = ended.then(() => undefined);
  const source = from[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([source.next(), over]);
    if (next === undefined) {
      void source.return?.()?.catch(() => {});
      return;
    }
    if (next.done === true) break;
    if (!stdin.write(next.value)) await Promise.race([taken(stdin), over]);
  }
  stdin.end();
}

/** Fulfilled when more may be written, or nobody reads it. */
function taken(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close']) stdin.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close']) stdin.on(event, done);
  });
}
