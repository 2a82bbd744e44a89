import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { checkedPart } from './checked.ts';
import { rowsErrors } from './errors.ts';
import {
  codeOf,
  isPart,
  MANIFEST,
  type RowsManifest,
  type RowsPart,
  type RowsPartition,
  readManifest,
  writeManifest,
} from './manifest.ts';

/**
 * Reads an archive of rows through: every part is there with its size and checksum, and nothing besides. Answers its
 * manifest. Throws {@link OpError} when anything is not as it was written.
 */
export async function verifiedRows(directory: string): Promise<RowsManifest> {
  const manifest = await readManifest(directory);
  const { parts, ended_at, sha256 } = manifest;
  if (ended_at === null)
    throw rowsErrors.altered({ path: join(directory, MANIFEST), what: 'it was never finished' });
  const whole = createHash('sha256');
  for (const part of parts) await checkedPart(directory, part, (chunk) => whole.update(chunk));
  if (whole.digest('hex') !== sha256)
    throw rowsErrors.altered({ path: join(directory, MANIFEST), what: 'the checksum of all parts differs' });
  if (parts.reduce((sum, { rows }) => sum + rows, 0) !== manifest.rows)
    throw rowsErrors.altered({ path: join(directory, MANIFEST), what: 'its rows do not add up' });
  return manifest;
}

/**
 * The rows of a part as `COPY … FROM STDIN (FORMAT csv)` takes them. It is checked again before its first byte is given.
 * Throws {@link OpError}.
 */
export async function* partRows(directory: string, part: RowsPart): AsyncGenerator<Buffer, void> {
  await checkedPart(directory, part);
  const path = join(directory, part.file);
  const file = createReadStream(path);
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of file.pipe(gunzip) as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw rowsErrors.unreadable({ path, code: codeOf(error) }, error);
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}

/**
 * Finishes an archive whose writer was killed: `parts` are those whose transaction was committed; every other file of a
 * part goes. Throws {@link OpError} when one of them is not as it was written.
 */
export async function finishRows(
  directory: string,
  parts: readonly RowsPart[],
  now: Date,
  partitions: readonly RowsPartition[] = [],
): Promise<RowsManifest> {
  const manifest = await readManifest(directory);
  const whole = createHash('sha256');
  for (const part of parts) await checkedPart(directory, part, (chunk) => whole.update(chunk));
  const kept = new Set(parts.map(({ file }) => file));
  try {
    for (const name of await readdir(directory))
      if (isPart(name) && !kept.has(name)) await rm(join(directory, name), { force: true });
  } catch (error) {
    throw rowsErrors.unwritable({ path: directory, code: codeOf(error) }, error);
  }
  const finished: RowsManifest = {
    ...manifest,
    ended_at: now.toISOString(),
    parts: [...parts],
    ...(partitions.length > 0 && { partitions: [...partitions] }),
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    sha256: whole.digest('hex'),
  };
  await writeManifest(directory, finished);
  return finished;
}
