import { createHash } from 'node:crypto';
import type { Host } from '../../../hosts/host.ts';
import { bytes } from '../../../text/units.ts';
import { importErrors } from '../errors.ts';
import { copySource } from './copy.ts';
import { openSource, type Source } from './source.ts';

/** Copies a SQLite database, works with the copy, and removes it. Throws {@link OpError}. */
export async function withSource<T>(
  here: Host,
  file: string,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const size = (await here.files.factsOf([file]))[0]?.size ?? 0;
  const free = await here.files.free(here.temporary);
  if (free !== undefined && free < size)
    throw importErrors.noRoom({ file, bytes: bytes(size), free: bytes(free), directory: here.temporary });
  return here.withWorkspace(async (workspace) => {
    const copy = workspace.path('source.db');
    await copySource(file, copy);
    const source = openSource(copy, file);
    try {
      return await work(source);
    } finally {
      source.close();
    }
  });
}

/** What a database declares, as a sum: the same one means the same tables, columns and keys. */
export function shapeSum({ catalog }: Pick<Source, 'catalog'>): string {
  const tables = catalog.tables.map(({ lastNumber: _, ...table }) => table);
  return createHash('sha256')
    .update(JSON.stringify([tables, catalog.others]))
    .digest('hex');
}
