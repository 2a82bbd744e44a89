import type { JobFact, Told } from '../../health/outside.ts';
import type { Host } from '../../hosts/host.ts';
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
    return { unknown: sentenceOf(error) };
  }
}

function time(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}
