import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import { place } from '../../db/errors.ts';
import type { Verdict } from '../../ops/engine/verdict.ts';

/** Between the two readings: a run that waits for them is at its end anyway. */
const SECONDS = 3;

/** Judges a database as `health` does, for the report of a run. Throws as {@link file://./once.ts lookOnce} does. */
export async function verdictOf(resolved: Resolved, env: Env, signal: AbortSignal): Promise<Verdict> {
  const [{ lookOnce }, { reportOf }, { sayRemedies }] = await Promise.all([
    import('./once.ts'),
    import('../../health/report.ts'),
    import('../remedies.ts'),
  ]);
  const looked = await lookOnce({ resolved, env }, { seconds: SECONDS }, signal);
  signal.throwIfAborted();
  if (looked === undefined) return { status: 'error', score: null, findings: [], unknown: 0 };
  const { assessment, figures } = looked.seen;
  const say = await sayRemedies(assessment);
  const report = reportOf(assessment, {
    ...{ at: new Date(), server: place(resolved.target), figures, baseline: undefined, say },
  });
  return {
    status: report.status,
    score: report.score,
    findings: report.findings
      .filter(({ waived }) => waived === null)
      .map(({ id, severity, title, remedy }) => ({ id, severity, title, fix: say(remedy) })),
    unknown: report.unknown.length,
  };
}
