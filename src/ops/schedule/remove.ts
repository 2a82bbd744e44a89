import { z } from 'zod';
import { defineOperation } from '../engine/operation.ts';
import { KEPT } from '../engine/plan.ts';
import { jobLine, jobsOf, readCrontab, withoutJob, writeCrontab } from './crontab.ts';
import { scheduleErrors } from './errors.ts';

/** Takes a job out of this user's crontab; its log stays. */
export const scheduleRemove = defineOperation({
  id: 'schedule remove',
  input: z.object({ name: z.string() }),
  fields: {
    name: {
      title: 'Name',
      hint: 'the job by its name',
      argument: true,
      choices: async ({ here }) =>
        jobsOf(await readCrontab(here)).map((job) => ({ value: job.name, hint: job.at })),
      none: () => 'The crontab has no job of pgdeck.',
    },
  },
  plan: async ({ name }, context) => {
    const before = await readCrontab(context.here);
    let written: string | undefined;
    const job = jobsOf(before).find((one) => one.name === name);
    if (!job) throw scheduleErrors.noJob({ name });
    return {
      operation: 'schedule remove',
      title: `Remove the job ${name}`,
      subject: name,
      danger: 'confirm',
      writes: false,
      server: context.place,
      input: { name },
      facts: [{ label: 'job', value: jobLine(job) }],
      checks: [],
      reaches: () => 'The other lines of the crontab were not touched; no database was.',
      leaves: ({ takenBack }) =>
        takenBack ? 'The crontab is as it was.' : 'The crontab may have changed: look at it with crontab -l.',
      steps: [
        {
          id: 'crontab',
          title: 'Write the crontab without it',
          preview: jobLine(job),
          run: async () => {
            written = await readCrontab(context.here);
            await writeCrontab(context.here, withoutJob(written, name));
          },
          rollback: async () => (written === undefined ? KEPT : writeCrontab(context.here, written)),
        },
      ],
    };
  },
});
