import type { Session } from '../../db/client.ts';
import type { SignalOptions, SignalPlan, SignalRequest } from './types.ts';

/**
 * Finds out whom a request would hit and what that would free. Reads only.
 *
 * Must run outside of an explicit transaction: inside of one pg_stat_activity does not change.
 * Throws {@link DbError}: kind `denied` in read-only mode, otherwise what the server said.
 */
export async function planSignal(
  _session: Session,
  _request: SignalRequest,
  _options: SignalOptions = {},
): Promise<SignalPlan> {
  throw new Error('not ready');
}
