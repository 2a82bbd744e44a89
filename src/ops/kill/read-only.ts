import { DbError } from '../../db/errors.ts';
import type { SignalAction, SignalOptions } from './types.ts';

/** PostgreSQL lets a read-only session send signals, so that it is refused here. Throws {@link DbError}. */
export function refuseReadOnly(options: SignalOptions, action: SignalAction): void {
  if (options.readOnly === true)
    throw new DbError('denied', `This is read-only mode: pgdeck does not ${action} anything.`, {
      next: 'Start it without --read-only, or with a profile that is not read-only.',
    });
}
