import { setTimeout as delay } from 'node:timers/promises';
import type { AppCheck } from '../../config/app.ts';
import { cleanLine } from '../../text/clean.ts';
import type { Step } from '../engine/plan.ts';
import { appErrors } from './errors.ts';

const SECONDS = 60;
const ATTEMPT_MS = 10_000;
const PAUSE_MS = 500;

/**
 * Asks the application whether it is well, until it is or the time is over: from this machine. It changes nothing, and
 * what was done stays where it fails.
 */
export function checkSteps(check: AppCheck | undefined): Step[] {
  if (check === undefined) return [];
  const { url, status, timeout: seconds = SECONDS } = check;
  return [
    {
      id: 'app-check',
      title: 'Ask the application whether it is well',
      preview: `GET ${url} is answered with ${status ?? '200 to 299'}, within ${seconds} s`,
      late: true,
      run: async (io) => {
        const end = performance.now() + seconds * 1000;
        for (let last = ''; ; ) {
          const found = await ask(url, Math.min(ATTEMPT_MS, Math.max(1, end - performance.now())), io.signal);
          if (
            found.status !== undefined &&
            (status === undefined ? found.status >= 200 && found.status <= 299 : found.status === status)
          ) {
            io.line(`${url}: ${found.status}`);
            return;
          }
          if (found.said !== last) io.line(`${url}: ${found.said}`);
          last = found.said;
          if (performance.now() + PAUSE_MS >= end) throw appErrors.notHealthy({ url, seconds, last });
          await delay(PAUSE_MS, undefined, { signal: io.signal });
        }
      },
    },
  ];
}

async function ask(
  url: string,
  ms: number,
  signal: AbortSignal,
): Promise<{ readonly status?: number; readonly said: string }> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(ms))]);
    const answer = await fetch(url, { redirect: 'manual', signal: limit });
    await answer.body?.cancel();
    return { status: answer.status, said: `${answer.status} ${cleanLine(answer.statusText)}`.trim() };
  } catch (error) {
    signal.throwIfAborted();
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
    return { said: cleanLine(cause?.code ?? cause?.message ?? message) };
  }
}
