import type { Backup } from './repository.ts';
import { isSafety } from './safety.ts';

/**
 * Those that replace each other. A dump of the definitions alone must not push out a whole one, nor another server's of
 * the same name, nor what was saved of a damaged state a good one. Safety backups are told apart by their database only:
 * which tables one has is chance.
 */
export function groupOf(backup: Backup): string {
  const { manifest, database, scope } = backup;
  // some managed servers do not say who they are
  const server = manifest?.server.system_identifier ?? manifest?.server.address ?? null;
  if (isSafety(backup)) return JSON.stringify(['safety', server, database]);
  return JSON.stringify([server, database, scope, manifest === undefined ? [] : manifest.chosen]);
}
