import type { JobFact, Told } from '../../health/outside.ts';
import { CommandError, type Host } from '../../hosts/host.ts';
import { listRuns } from '../../ops/engine/journal/runs.ts';
import type { Here } from '../../ops/engine/journal/server.ts';
import { sentenceOf } from '../../ops/error.ts';
import { jobStatuses } from '../../ops/schedule/status.ts';

/** The jobs of this user's crontab that work with this server, and those of which that is not known. */
export async function jobFacts(
  host: Host,
  journal: string,
  here: Here,
  now: Date,
): Promise<Told<readonly JobFact[]>> {
  try {
    const statuses = await jobStatuses(host, journal, now, here);
    return {
      known: statuses.map(({ name, state, last_expected_at, last_success_at, last_run }) => ({
        name,
        state,
        dueAt: time(last_expected_at),
        doneAt: time(last_success_at),
        run: last_run,
      })),
    };
  } catch (error) {
    // where there is no cron nothing is missed, unless a job was installed here once
    const without = error instanceof CommandError && error.kind === 'missing';
    if (without && !listRuns(journal).some(({ operation }) => operation === 'schedule install'))
      return { known: [] };
    return { unknown: sentenceOf(error) };
  }
}

function time(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}
