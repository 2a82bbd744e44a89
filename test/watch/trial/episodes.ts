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

/** Lets a trouble come and go until the time is up; `inbox` tells when it was seen and when it was seen to be over. */
export async function comeAndGo(trouble: Trouble, inbox: Inbox, end: number): Promise<Episode[]> {
  const { check, object } = trouble;
  const told = (state: string) => inbox.taken.filter(isOf(trouble, state)).length;
  const episodes: Episode[] = [];
  while (Date.now() < end - LAST_MS) {
    const nth = episodes.length + 1;
    const begun = Date.now();
    const stop = keep(trouble);
    try {
      await until(() => told('raised') >= nth, { what: `raised ${check}, time ${nth}`, timeout: RAISED_MS });
      await delay(STAND_MS);
    } finally {
      await stop();
    }
    const ended = Date.now();
    await until(
      async () => {
        await trouble.end();
        return true;
      },
      { what: `the end of ${check}`, timeout: RESOLVED_MS },
    );
    episodes.push({ check, object, begun, ended });
    await until(() => told('resolved') >= nth, {
      what: `resolved ${check}, time ${nth}`,
      timeout: RESOLVED_MS,
    });
    await delay(CALM_MS);
  }
  return episodes;
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
