import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import type { Inbox, Taken } from './inbox.ts';
import type { Trouble } from './troubles.ts';

/** One time that something was wrong, in ms since 1970. */
export interface Episode {
  readonly check: string;
  readonly object: string | null;
  readonly begun: number;
  readonly ended: number;
}

/** After it was told it goes on for so long. */
const STAND_MS = 8_000;
/** With a restart of the server between. */
const RAISED_MS = 90_000;
const RESOLVED_MS = 120_000;
/** One that begins later than this before the end would last beyond it. */
const LAST_MS = 55_000;
const HOLD_MS = 500;
/** Between two episodes. */
const CALM_MS = 2_000;

export const isOf =
  ({ check, object }: Pick<Episode, 'check' | 'object'>, state?: string) =>
  (one: Taken): boolean =>
    one.check === check && one.object === object && (state === undefined || one.state === state);

/**
 * Lets a trouble come and go until the time is up; `inbox` tells when it was seen and when it was seen to be over. What
 * was not told in time goes to `onFault`.
 */
export async function comeAndGo(
  trouble: Trouble,
  inbox: Inbox,
  end: number,
  onFault: (fault: string) => void,
): Promise<Episode[]> {
  const episodes: Episode[] = [];
  try {
    while (Date.now() < end - LAST_MS) await episode(trouble, inbox, episodes);
  } catch (error) {
    onFault((error as Error).message);
  }
  return episodes;
}

async function episode(trouble: Trouble, inbox: Inbox, episodes: Episode[]): Promise<void> {
  const { check, object } = trouble;
  const nth = episodes.length + 1;
  const told = (state: string, timeout: number) =>
    until(() => inbox.taken.filter(isOf(trouble, state)).length >= nth, {
      what: `${state} ${check}, time ${nth}`,
      timeout,
    });
  const begun = Date.now();
  const stop = keep(trouble);
  try {
    await told('raised', RAISED_MS);
    await delay(STAND_MS);
  } finally {
    await stop();
  }
  const ended = Date.now();
  // the server may be away
  const over = async () => {
    await trouble.end();
    return true;
  };
  await until(over, { what: `the end of ${check}`, timeout: RESOLVED_MS });
  episodes.push({ check, object, begun, ended });
  await told('resolved', RESOLVED_MS);
  await delay(CALM_MS);
}

/** Keeps it so, also when the server was away; answers how to stop that. */
function keep(trouble: Trouble): () => Promise<void> {
  const stopped = new AbortController();
  const kept = (async () => {
    while (!stopped.signal.aborted) {
      // the server may be away
      await trouble.hold().catch(() => {});
      await delay(HOLD_MS, undefined, { signal: stopped.signal }).catch(() => {});
    }
  })();
  return async () => {
    stopped.abort();
    await kept;
  };
}
