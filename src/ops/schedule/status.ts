import type { Host } from '../../hosts/host.ts';
import { listRuns, type Run } from '../engine/journal/runs.ts';
import { type Here, isOnServer } from '../engine/journal/server.ts';
import { type Job, jobsOf, readCrontab } from './crontab.ts';
import { timesOf } from './job.ts';

/** `missed`: it should have begun and did not; `never`: its first time is still to come. */
export type JobState = 'ok' | 'running' | 'failed' | 'missed' | 'never';

export interface JobStatus {
  readonly name: string;
  readonly at: string;
  readonly state: JobState;
  /** ISO 8601; null where there is none. */
  readonly last_expected_at: string | null;
  readonly last_success_at: string | null;
  readonly last_run: string | null;
  readonly next_at: string | null;
}

/** cron looks once a minute, and the program has to start. */
const PATIENCE_MS = 2 * 60_000;

/**
 * Compares what should have run with what did. Runs are those of the journal, newest first; those of a job bear its
 * name. `installed`: when the job was put into the crontab, if that is known: nothing is expected before.
 */
export function jobStatus(job: Job, runs: readonly Run[], now: Date, installed?: Date): JobStatus {
  const own = runs.filter((run) => run.job === job.name);
  const [newest] = own;
  const success = own.find((run) => run.status === 'done');
  const { last, next } = timesOf(job.at, now);
  const due = last !== null && (installed === undefined || last >= installed) ? last : null;
  const began = newest === undefined ? undefined : new Date(newest.started_at);
  const late = due !== null && now.getTime() - due.getTime() > PATIENCE_MS;
  const state: JobState =
    newest?.status === 'running'
      ? 'running'
      : late && (began === undefined || began < due)
        ? 'missed'
        : newest === undefined
          ? 'never'
          : newest.status === 'done'
            ? 'ok'
            : 'failed';
  return {
    name: job.name,
    at: job.at,
    state,
    last_expected_at: due?.toISOString() ?? null,
    last_success_at: success?.ended_at ?? null,
    last_run: newest?.id ?? null,
    next_at: next?.toISOString() ?? null,
  };
}

/**
 * The jobs of the crontab with what the journal says of them; with `here`, without those that are known to work with
 * another server. Throws CommandError where cron is not installed, and {@link OpError}.
 */
export async function jobStatuses(
  host: Host,
  journal: string,
  now: Date,
  here?: Here,
): Promise<readonly JobStatus[]> {
  const jobs = jobsOf(await readCrontab(host));
  const runs = jobs.length === 0 ? [] : listRuns(journal);
  return jobs.flatMap((job) => {
    const installed = runs.find(
      (run) => run.operation === 'schedule install' && run.input.name === job.name && run.ended_at !== null,
    );
    const known = runs.find((run) => run.job === job.name) ?? installed;
    if (here !== undefined && known !== undefined && !isOnServer(known, here)) return [];
    return jobStatus(job, runs, now, installed && new Date(installed.ended_at ?? now));
  });
}
