import { join } from 'node:path';
import { plural } from '../../text/units.ts';
import type { Manifest } from '../repository/manifest.ts';
import { archiveErrors } from './errors.ts';
import { readTarFile } from './tar/file.ts';

/**
 * Reads the archives of volumes of a backup to their ends, and compares what is in them with what was. A sentence of
 * what was found; undefined where it has none. Throws OpError for what is damaged.
 */
export async function checkVolumes(
  { path, manifest }: { readonly path: string; readonly manifest?: Manifest | undefined },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const volumes = manifest?.volumes ?? [];
  let files = 0;
  for (const volume of volumes) {
    const found = await readTarFile(join(path, volume.path), signal);
    if (found.digest !== volume.digest)
      throw archiveErrors.volume({
        path: volume.path,
        why: `it holds ${plural(found.files, 'file')}, and not what was archived (${plural(volume.files, 'file')})`,
      });
    files += found.files;
  }
  if (volumes.length === 0) return undefined;
  return `${plural(volumes.length, 'volume')} with ${plural(files, 'file')}, each read to its end.`;
}
