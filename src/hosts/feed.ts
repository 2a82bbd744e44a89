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
  // nobody reads any more; one race a chunk would keep a reaction of each
  let over = false;
  let wake = () => {};
  const stop = () => {
    over = true;
    wake();
  };
  void ended.then(stop);
  // a program that has ended has a code of its own
  stdin.on('error', () => {}).once('close', stop);
  const source = from[Symbol.asyncIterator]();
  while (!over) {
    const next = await new Promise<IteratorResult<Uint8Array> | undefined>((resolve, reject) => {
      wake = () => resolve(undefined);
      source.next().then(resolve, reject);
    });
    if (next === undefined) continue;
    if (next.done === true) {
      stdin.end();
      return;
    }
    if (over || stdin.write(next.value)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
      stdin.once('drain', resolve);
    });
  }
  void source.return?.()?.catch(() => {});
}
