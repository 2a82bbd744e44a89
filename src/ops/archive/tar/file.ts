import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { archiveErrors } from '../errors.ts';
import { type TarContents, TarDamage, TarReader } from './reader.ts';

/**
 * Reads an archive (tar with gzip) to its end. Throws OpError where it is damaged, the system's error where it cannot be
 * read.
 */
export async function readTarFile(path: string, signal?: AbortSignal): Promise<TarContents> {
  const reader = new TarReader();
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 1 << 18 }),
      createGunzip(),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) reader.push(chunk);
      },
      ...(signal === undefined ? [] : [{ signal }]),
    );
    return reader.end();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!(error instanceof TarDamage) && !code.startsWith('Z_')) throw error;
    throw archiveErrors.volume({ path, why: message }, error);
  }
}
