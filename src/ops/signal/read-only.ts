import { DbError } from '../../db/errors.ts';
import type { SignalAction, SignalOptions } from './types.ts';

/** Why nothing is sent in read-only mode. */
export function readOnlySentence(action: SignalAction): string {
  return `This is read-only mode: pgdeck does not ${action} anything.`;
}

/** What would change that. */
export const READ_ONLY_NEXT = 'Start it without --read-only, or with a profile that is not read-only.';

/** PostgreSQL lets a read-only session send signals, so that it is refused here. Throws {@link DbError}. */
export function refuseReadOnly(options: SignalOptions, action: SignalAction): void {
  if (options.readOnly === true)
    throw new DbError('denied', readOnlySentence(action), { next: READ_ONLY_NEXT });
}
