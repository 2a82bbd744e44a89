import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from '../../../db/target.ts';
import type { StepIo } from '../../engine/plan.ts';
import { isUnreachable } from '../../engine/run/unreachable.ts';

/** Milliseconds from the first failure on in which it is tried again. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;

/** PostgreSQL's own word for why it ended a connection or let none in; codes of the system have no digit. */
const SQLSTATE = /^(?=.*\d)\w{5}$/;

/**
 * Works again from the beginning where the way to the server broke, as a tunnel does that is opened again. Rejects with
 * what the work rejects with, where there is nothing on the way, the server itself has hung up, or it takes too long.
 */
export async function anew<T>(
  { signal, line }: Pick<StepIo, 'signal' | 'line'>,
  { via }: Pick<Target, 'via'>,
  work: () => Promise<T>,
): Promise<T> {
  for (let until: number | undefined; ; ) {
    try {
      return await work();
    } catch (error) {
      const broke = via !== undefined && isUnreachable(error) && !SQLSTATE.test(error.code ?? '');
      until ??= performance.now() + PATIENCE_MS;
      if (!broke || signal.aborted || performance.now() > until) throw error;
      line(`${error.message} It is tried again.`);
      await delay(PAUSE_MS, undefined, { signal });
    }
  }
}
