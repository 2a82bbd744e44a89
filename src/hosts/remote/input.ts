import type { Exchange } from './exchange.ts';

/** What a pipe of Linux holds: so much is taken even by a program that reads nothing. */
export const HELD = 65_536;
/** Bytes that are sent in one go: each costs a process there. */
const BLOCK = 4 * 1024 * 1024;

/** Sends all of a text or a stream to the program, and the end of it; less when it takes no more. */
export async function sendInput(
  exchange: Exchange,
  from: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of from) {
    if (!exchange.open) return;
    waiting.push(chunk);
    size += chunk.length;
    if (size < BLOCK) continue;
    const all = Buffer.concat(waiting);
    const whole = all.length - (all.length % HELD);
    await exchange.write(`${HELD} ${whole / HELD}\n`, all.subarray(0, whole));
    waiting = [all.subarray(whole)];
    size = all.length - whole;
  }
  const rest = Buffer.concat(waiting);
  const whole = rest.length - (rest.length % HELD);
  if (whole > 0) await exchange.write(`${HELD} ${whole / HELD}\n`, rest.subarray(0, whole));
  if (rest.length > whole) await exchange.write(`${rest.length - whole} 1\n`, rest.subarray(whole));
  if (exchange.open) exchange.word('0');
}
