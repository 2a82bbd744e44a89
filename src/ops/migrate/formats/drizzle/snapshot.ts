import { join } from 'node:path';
import { z } from 'zod';
import type { Place } from '../shared/evidence.ts';

/** The format of drizzle-kit 1, which has a directory and a snapshot for each migration, and no journal. */
export const DRIZZLE_1 = 'drizzle-1';

const snapshot = z.object({ dialect: z.string(), prevIds: z.array(z.string()) });
const LARGEST = 16 * 1024 * 1024;

/** The newest snapshot that drizzle-kit 1 has left beside a migration; undefined where there is none. */
export async function snapshotIn({
  host: { files },
  directory,
}: Place): Promise<{ readonly file: string; readonly dialect: string } | undefined> {
  const there = await files.list(directory).catch(() => []);
  const names = there.flatMap(({ name, kind }) => (kind !== 'file' && /^\d{14}/.test(name) ? [name] : []));
  for (const name of names.sort().reverse()) {
    const file = `${name}/snapshot.json`;
    try {
      const text = (await files.read(join(directory, file), LARGEST)).toString('utf8');
      const { success, data } = snapshot.safeParse(JSON.parse(text));
      if (success) return { file, dialect: data.dialect };
    } catch {
      // a migration that somebody wrote by hand has none
    }
  }
  return undefined;
}
