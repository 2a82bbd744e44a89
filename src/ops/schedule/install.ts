import { z } from 'zod';
import { CADENCES } from '../../config/routine.ts';
import { shellWord, splitWords } from '../../text/shell.ts';
import { moment } from '../../text/units.ts';
import { problemText } from '../engine/fields.ts';
import { defineOperation, type OpContext } from '../engine/operation.ts';
import { type Check, KEPT } from '../engine/plan.ts';
import { clientsOf } from './clients.ts';
import { credentialsChecks } from './credentials.ts';
import { cronMissing, JOB_NAME, jobLine, jobsOf, readCrontab, withJob, writeCrontab } from './crontab.ts';
import { scheduleErrors } from './errors.ts';
import { badTime, jobOf, scheduleDirectory, surprise, timesOf } from './job.ts';
import { badCommand, unconfirmed } from './words.ts';

const input = z.object({
  name: z.string().regex(JOB_NAME, 'expected letters, digits, dot, dash and underscore'),
  at: z
    .string()
    .default('30 2 * * *')
    .superRefine((at, context) => {
      const message = badTime(at);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    }),
  command: z.string().default('backup'),
});

/** Puts a command into this user's crontab, for every night. */
export const scheduleInstall = defineOperation({
  id: 'schedule install',
  input,
  fields: {
    name: { title: 'Name', hint: 'name of the job, such as nightly', argument: true },
    at: {
      title: 'When',
      hint: 'five fields of cron, local time: minute hour day month weekday',
      placeholder: 'cron',
    },
    command: {
      title: 'Command',
      hint: 'what is run, without "pgdeck" and without the connection',
      choices: async ({ target: { database } }) => [
        { value: 'backup', hint: 'back up the database' },
        // the name answers what is deleted by rules of the profile, and what asks for a yes besides
        ...CADENCES.map((every) => ({
          value: `maintain --routine ${every} --confirm ${shellWord(database)}`,
          hint: `the ${every} routine: what is due of it`,
        })),
        { value: 'backup --all-databases', hint: 'every database of the server' },
        { value: 'backups verify newest --level restore', hint: 'restore drill: proves the newest backup' },
        { value: 'backups prune --yes', hint: 'remove what the rule no longer keeps' },
      ],
    },
  },
  plan: async ({ name, at, command }, context) => {
    const words = splitWords(command);
    if (words === undefined) throw scheduleErrors.openQuote({ command });
    const wrong = await badCommand(words, context.operations);
    const unasked = unconfirmed(words, context.operations);
    const missing = await cronMissing(context.here);
    const flock = await hasFlock(context);
    const program = await context.here.pgdeck();
    const { before: start, checks: clients } = await clientsOf(context);
    const job = jobOf(context, { name, at, words, flock, program: [...start, ...program] });
    const before = missing === undefined ? await readCrontab(context.here) : '';
    const known = jobsOf(before).find((one) => one.name === name);
    const { next } = timesOf(job.at, context.now());
    let written: string | undefined;
    const surprising = surprise(job.at, context.now());
    const checks: Check[] = [
      missing === undefined
        ? { title: 'cron', status: 'ok', detail: 'this user has a crontab program' }
        : { title: 'cron', status: 'block', detail: missing },
      wrong === undefined
        ? { title: 'command', status: 'ok', detail: `pgdeck ${command}` }
        : { title: 'command', status: 'block', detail: problemText('--command', wrong) },
      ...(surprising === undefined ? [] : [{ title: 'when', status: 'warn', detail: surprising } as const]),
      ...(unasked === undefined ? [] : [{ title: 'confirmation', status: 'warn', detail: unasked } as const]),
      {
        title: 'password',
        status: context.secrets.server === undefined && context.env.PGPASSWORD === undefined ? 'ok' : 'warn',
        detail:
          context.env.PGPASSWORD === undefined
            ? 'cron can type none: where the server asks for one, ~/.pgpass must have it'
            : 'PGPASSWORD is not written into a crontab: put the password into ~/.pgpass',
      },
      flock
        ? { title: 'one at a time', status: 'ok', detail: 'flock keeps a second one from starting' }
        : {
            title: 'one at a time',
            status: 'warn',
            detail: 'flock was not found; the server still refuses a second one',
          },
      ...clients,
      ...(await credentialsChecks(context, words)),
    ];
    return {
      operation: 'schedule install',
      title: `${known ? 'Replace' : 'Install'} the job ${name}`,
      subject: name,
      danger: 'confirm',
      writes: false,
      server: context.place,
      input: { name, at: job.at, command },
      facts: [
        { label: 'next', value: next === null ? 'never' : moment(next) },
        { label: 'log', value: `${scheduleDirectory(context)}/${name}.log` },
        ...(known ? [{ label: 'replaces', value: jobLine(known) }] : []),
      ],
      checks,
      steps: [
        {
          id: 'crontab',
          title: 'Write the crontab',
          preview: jobLine(job),
          run: async (io) => {
            await context.here.files.makeDirectory(scheduleDirectory(context), 0o700);
            written = await readCrontab(context.here);
            io.record({ before: written });
            await writeCrontab(context.here, withJob(written, job));
            io.line(jobLine(job), 'stdout');
          },
          // as it was a moment ago: others may have changed it since this was planned
          rollback: async () => (written === undefined ? KEPT : writeCrontab(context.here, written)),
        },
      ],
      reaches: () => 'The other lines of the crontab were not touched; no database was.',
      leaves: ({ takenBack }) =>
        takenBack ? 'The crontab is as it was.' : 'The crontab may have changed: look at it with crontab -l.',
      undo: { command: `pgdeck schedule remove ${name}` },
    };
  },
});

async function hasFlock({ here }: Pick<OpContext, 'here'>): Promise<boolean> {
  try {
    return (await here.run('flock', ['--version'])).exitCode === 0;
  } catch {
    return false;
  }
}
