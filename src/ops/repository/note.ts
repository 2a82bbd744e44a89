import type { StepIo } from '../engine/plan.ts';
import { type OpError, sentenceOf } from '../error.ts';
import type { Verification } from './manifest.ts';
import { type Backup, findBackup } from './repository.ts';
import { updateManifest } from './update.ts';

/** Adds a verification to a backup's history; the backup as it is then. Throws {@link ../error.ts OpError}. */
export async function noteVerification(
  { path }: Pick<Backup, 'path'>,
  verification: Verification,
): Promise<Backup> {
  await updateManifest(path, (manifest) => ({
    ...manifest,
    verifications: [...manifest.verifications, verification],
  }));
  return findBackup(path, path);
}

/**
 * Notes that the bytes of a backup are not those that were written, so that nobody takes it for good again. Where that
 * cannot be written, it is told.
 */
export async function noteDamage(
  io: Pick<StepIo, 'line'>,
  backup: Backup,
  { message }: OpError,
): Promise<void> {
  if (backup.manifest === undefined) return;
  try {
    await noteVerification(backup, {
      level: 'checksum',
      at: new Date().toISOString(),
      ok: false,
      detail: message,
    });
  } catch (error) {
    io.line(sentenceOf(error), 'stderr');
  }
}
