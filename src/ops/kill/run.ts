import type { Session } from '../../db/client.ts';
import type { Outcome, RunOptions, SignalPlan } from './types.ts';

/**
 * Signals the victims of a plan, each once, and reports what became of each as soon as it is known.
 *
 * A victim's failure is an outcome; throws {@link DbError} (kind `denied`) only in read-only mode.
 */
export async function* runSignal(
  _session: Session,
  _plan: SignalPlan,
  _options: RunOptions = {},
): AsyncIterable<Outcome> {
  throw new Error('not ready');
}
