import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readRegular } from '../files/durable.ts';
import { isAlive, type ProcessMark } from '../files/process.ts';
import { DELETING, PARTIAL } from './names.ts';
import { MANIFEST } from './update.ts';

/** Who writes a partial backup; removed when it is published. */
export const OWNER = 'owner.json';

/** How long a partial directory is left alone whose process cannot be looked at. */
const UNKNOWN_MS = 24 * 3_600_000;

const ownerSchema = z.object({
  run: z.string(),
  host: z.string(),
  pid: z.int(),
  process_started: z.string().nullable(),
});

/** A directory in the repository that is no backup. */
export interface Leftover {
  readonly path: string;
  /** `partial`: a backup that was not finished; `deleting`: one that was being removed. */
  readonly state: 'partial' | 'deleting';
  /** The run that made it; null when it is not known. */
  readonly run: string | null;
  /** Nobody works on it any more. */
  readonly dead: boolean;
}

/**
 * What unfinished runs have left in the repository. An absent repository has none. Neither a plain file nor a directory
 * that has nothing of ours is one of them, whatever it is called: others may have put it there, and the removal of one
 * that is ours is finished by its run's record.
 */
export async function findPartials(directory: string, now = new Date()): Promise<Leftover[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((one) => one.isDirectory());
  const found = await Promise.all(
    folders.map(async ({ name }): Promise<Leftover | undefined> => {
      const path = join(directory, name);
      const ending = [DELETING, PARTIAL].find((one) => name.endsWith(one));
      if (ending === undefined || !(await isOurs(path))) return undefined;
      if (ending === DELETING) return { path, state: 'deleting', run: null, dead: true };
      const owner = await readOwner(path);
      const dead =
        owner === undefined || owner.host !== hostname()
          ? now.getTime() - (await lastTouched(path)) > UNKNOWN_MS
          : !isAlive(owner);
      return { path, state: 'partial', run: owner?.run ?? null, dead };
    }),
  );
  return found.filter((one) => one !== undefined);
}

/**
 * Removes partial backups whose process is dead, and finishes removals that were interrupted. Those of other machines,
 * or without a mark, go when nothing in them was written for a day. Returns the paths of what was removed.
 */
export async function sweepPartials(directory: string, now = new Date()): Promise<string[]> {
  const dead = (await findPartials(directory, now)).filter((one) => one.dead);
  for (const { path } of dead) await removeOurs(path);
  return dead.map(({ path }) => path);
}

/** Removes a directory of ours; what tells whose it is goes last, so that what a killed run leaves of it is known. */
export async function removeOurs(path: string): Promise<void> {
  const names = await readdir(path).catch((): string[] => []);
  for (const name of names)
    if (name !== MANIFEST && name !== OWNER) await rm(join(path, name), { recursive: true, force: true });
  await rm(path, { recursive: true, force: true });
}

/** What is begun is marked at once. */
async function isOurs(path: string): Promise<boolean> {
  const names = await readdir(path).catch(() => [MANIFEST]);
  return names.length === 0 || names.includes(OWNER) || names.includes(MANIFEST);
}

async function readOwner(path: string): Promise<(ProcessMark & { readonly run: string }) | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readRegular(join(path, OWNER))));
  } catch {
    return undefined;
  }
}

/** When something in the directory was last written, ms since 1970: a large table changes only its own file. */
async function lastTouched(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true }).catch((): string[] => []);
  const times = await Promise.all(
    [path, ...entries.map((name) => join(path, name))].map((one) =>
      stat(one).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return times.reduce((latest, at) => Math.max(latest, at), 0);
}
