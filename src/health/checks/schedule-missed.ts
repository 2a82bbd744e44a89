import { capital } from '../../text/capital.ts';
import { moment } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import type { JobFact } from '../outside.ts';

/** Jobs of the crontab that should have run. */
export const scheduleMissed = defineCheck({
  id: 'schedule_missed',
  title: 'Scheduled jobs',
  category: 'backups',
  fix: 'the job',
  reads: [],
  judge: ({ outside: { jobs } }) => {
    if ('unknown' in jobs) return { unknown: { reason: jobs.unknown } };
    if (jobs.known.length === 0) return { because: 'No job is scheduled.' };
    return {
      findings: jobs.known.filter(({ state }) => state === 'missed' || state === 'failed').map(found),
    };
  },
});

function found({ name, state, dueAt, doneAt, run }: JobFact): Found {
  const missed = state === 'missed';
  const time = (at: number) => moment(new Date(at));
  const due = dueAt === null ? '' : `It should have run on ${time(dueAt)}, and `;
  const done = doneAt === null ? 'it never ended well' : `it last ended well on ${time(doneAt)}`;
  return {
    object: name,
    severity: 'alert',
    title: missed
      ? `The scheduled job ${name} did not run${dueAt === null ? '' : ` on ${time(dueAt)}`}.`
      : `The scheduled job ${name} failed.`,
    evidence: `By the crontab and the journal of this user, on this machine. ${capital(`${due}${done}`)}.`,
    why: 'What nobody watches at night is missed when it is needed.',
    remedy: {
      advice: missed
        ? `See whether cron runs, and what the job has written: schedule/${name}.log beside the journal.`
        : `See what went wrong: ${run === null ? 'pgdeck runs list' : `pgdeck runs show ${run}`}; then run the command once by hand.`,
    },
  };
}
