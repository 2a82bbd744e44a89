import { bytes, duration } from '../../../text/units.ts';
import { Sealer } from './thread.ts';

/** Bytes that are encrypted to know how fast that is: more tell no other rate, and a push has their garbage to carry. */
const TRIED = 2 << 20;
const PIECE = 256 << 10;

/** Bytes per second that are encrypted on this machine now, as it is done for a copy. Throws SealError. */
export async function sealRate(recipients: readonly string[]): Promise<number> {
  const sealer = new Sealer();
  try {
    const one = async (size: number) => {
      const parts = async function* () {
        for (let at = 0; at < size; at += PIECE) yield Buffer.alloc(Math.min(PIECE, size - at));
      };
      for await (const _ of sealer.seal(parts(), { kind: 'encrypt', recipients }));
    };
    // the thread, and the code in it, are warm then
    await one(PIECE);
    const started = performance.now();
    await one(TRIED);
    return (TRIED * 1000) / (performance.now() - started);
  } finally {
    await sealer.close();
  }
}

/** `84 MB/s were measured now: about 12s for 1.0 GB`. */
export function rateText(rate: number, size: number): string {
  return `${bytes(Math.round(rate))}/s were measured now: about ${duration(Math.max(1, Math.round(size / rate)))} for it`;
}
