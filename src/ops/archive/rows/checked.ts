import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { rowsErrors } from './errors.ts';
import { codeOf, type RowsPart } from './manifest.ts';

/** Reads a part through. Throws {@link OpError} where it is not as it was written. */
export async function checkedPart(
  directory: string,
  { file, bytes, sha256 }: RowsPart,
  see: (chunk: Buffer) => void = () => {},
): Promise<void> {
  const path = join(directory, file);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      see(chunk);
      size += chunk.length;
    }
  } catch (error) {
    throw rowsErrors.unreadable({ path, code: codeOf(error) }, error);
  }
  if (size !== bytes) throw rowsErrors.altered({ path, what: `it has ${size} bytes instead of ${bytes}` });
  if (hash.digest('hex') !== sha256) throw rowsErrors.altered({ path, what: 'its checksum differs' });
}
