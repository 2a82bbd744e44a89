import type { Env } from '../../config/libpq/env.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect } from '../../db/client.ts';
import { place } from '../../db/errors.ts';
import type { Verdict } from '../../ops/engine/verdict.ts';

/** Time between the two readings, in milliseconds: a run that waits for it is at its end anyway. */
const SAMPLE_MS = 3_000;

/** Judges a database as `health` does, for the report of a run. Throws DbError, and what `signal` is aborted with. */
export async function verdictOf(resolved: Resolved, env: Env, signal: AbortSignal): Promise<Verdict> {
  const [{ look }, { reportOf }, { outsideFacts }, { DriftLook }, { LogHour }, { sayRemedies }, hosts] =
    await Promise.all([
      import('../../health/look.ts'),
      import('../../health/report.ts'),
      import('./facts.ts'),
      import('./drift.ts'),
      import('../../log/hour.ts'),
      import('../remedies.ts'),
      Promise.all([import('../../hosts/local.ts'), import('../../hosts/reach.ts')]),
    ]);
  const [{ local }, { reaching }] = hosts;
  const { target, passwords, thresholds, waivers, runsOn } = resolved;
  const session = await withPassword(passwords, () => connect(target, 'slow', 'pgdeck-monitor'));
  try {
    const hour = new LogHour(reaching(runsOn.server), thresholds.slow_query_ms);
    const log = { read: (one: typeof session) => hour.read(one, { last: true }) };
    const outside = await outsideFacts({ session, resolved, env, host: local, log, drift: new DriftLook() });
    const wait = () => passed(signal);
    const seen = await look(session, { thresholds, waivers, outside, wait });
    signal.throwIfAborted();
    if (seen === undefined) return { status: 'error', score: null, findings: [], unknown: 0 };
    const say = await sayRemedies(seen.assessment);
    const server = place(target);
    const report = reportOf(seen.assessment, {
      at: new Date(),
      server,
      figures: seen.figures,
      baseline: undefined,
      say,
    });
    return {
      status: report.status,
      score: report.score,
      findings: report.findings
        .filter(({ waived }) => waived === null)
        .map(({ id, severity, title, remedy }) => ({ id, severity, title, fix: say(remedy) })),
      unknown: report.unknown.length,
    };
  } finally {
    await session.close();
  }
}

/** Whether the wait was ended before its time. */
function passed(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (early: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stopped);
      resolve(early);
    };
    const stopped = () => end(true);
    const timer = setTimeout(() => end(false), SAMPLE_MS);
    signal.addEventListener('abort', stopped, { once: true });
    if (signal.aborted) end(true);
  });
}
