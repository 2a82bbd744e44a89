import type { OpContext } from '../context.ts';
import type { Step } from '../operation.ts';
import type { BackupMade, BackupRequest } from './request.ts';

export type { BackupMade, BackupRequest } from './request.ts';

export interface BackupStepOptions {
  /** Makes the ids of the steps; for several databases in one plan, or beside other steps. */
  readonly id?: (name: string) => string;
  /** Told once the backup is published. */
  readonly onMade?: (made: BackupMade) => void;
}

/**
 * The steps that back up one database, to put into any plan: `snapshot`, `dump`, `verify`, `publish`. What a step has
 * written is removed by its rollback unless it is published; a published backup stays.
 */
export function backupSteps(
  _context: OpContext,
  _request: BackupRequest,
  _options: BackupStepOptions = {},
): Step[] {
  return [];
}
