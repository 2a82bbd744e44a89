import { join } from 'node:path';
import { readBeside } from '../../archive/files.ts';
import { RESTORE_LIST } from '../../backup/manifest/restore-list.ts';
import type { Backup } from '../../repository/repository.ts';

/**
 * Ids of the entries that can be restored of a backup of chosen tables: not the foreign keys to tables whose rows it
 * does not have. Undefined where the backup has no such list, and everything can be. A file of that name that the manifest
 * does not name is none of its own; one that was changed is found by its checksum.
 */
export async function listed({ path, manifest }: Backup): Promise<ReadonlySet<number> | undefined> {
  if (manifest?.files.some((file) => file.path === RESTORE_LIST) !== true) return undefined;
  try {
    const lines = (await readBeside(join(path, RESTORE_LIST))).split('\n');
    return new Set(lines.filter((line) => /^\d+;/.test(line)).map((line) => Number.parseInt(line, 10)));
  } catch {
    return undefined;
  }
}
