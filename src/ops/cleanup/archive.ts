import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';
import { type RowsManifest, readManifest } from '../archive/rows/manifest.ts';
import { finishRows } from '../archive/rows/reader.ts';
import type { Run } from '../engine/journal/runs.ts';
import { OpError } from '../error.ts';
import { committedParts, type NotedPart, notedParts } from '../rows/noted.ts';
import type { NotedTask } from './facts.ts';

/** A transaction of a process that was killed ends within that time, once the server sees that nobody is there. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 200;

/** What a run has certainly deleted of a table, whether it is kept or not. */
export async function deletedBy(
  session: Session,
  run: Run,
  { prefix, archive }: NotedTask,
): Promise<NotedPart[]> {
  for (const began = performance.now(); ; ) {
    try {
      return await committedParts(session, run.facts, prefix, (archive?.base ?? 0) + 1);
    } catch (error) {
      const again = error instanceof OpError && error.code === 'take.stillWorking';
      if (!again || performance.now() - began > PATIENCE_MS) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/**
 * Makes the archive of a run that was killed one that can be read; undefined where there is none. Throws {@link OpError}
 * where it is not as it was written.
 */
export async function finishedArchive(
  session: Session,
  run: Run,
  noted: NotedTask,
  now: Date,
): Promise<RowsManifest | undefined> {
  const { archive } = noted;
  if (archive === undefined) return undefined;
  const manifest = await manifestOf(archive.directory, run, noted);
  if (manifest === undefined || manifest.ended_at !== null) return manifest;
  const parts = await deletedBy(session, run, noted);
  const partitions = parts.flatMap(({ partition }) => partition ?? []);
  return finishRows(
    archive.directory,
    [...manifest.parts, ...parts.map(({ xid: _, partition: __, ...part }) => part)],
    now,
    [...(manifest.partitions ?? []), ...partitions],
  );
}

/** The manifest of a run's archive; undefined where the run was killed before there was one. */
export async function manifestOf(
  directory: string,
  run: Run,
  { prefix, archive }: NotedTask,
): Promise<RowsManifest | undefined> {
  try {
    return await readManifest(directory);
  } catch (error) {
    const none = (archive?.base ?? 0) === 0 && notedParts(run.facts, prefix).length === 0;
    if (none) return undefined;
    throw error;
  }
}
