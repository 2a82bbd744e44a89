import type { Command } from 'commander';
import { home } from '../config/libpq/env.ts';
import { UsageError } from '../config/usage-error.ts';
import { moment } from '../text/units.ts';
import type { Context } from './context.ts';
import { EXIT, note, print, printJson, printTable } from './output.ts';

const NONE = 'No job is installed: pgdeck schedule install --help tells how.';

/** What the crontab holds of pgdeck's, and whether it ran. Installing and removing are operations. */
export function register(schedule: Command, context: Context): void {
  schedule
    .command('status')
    .description('what should have run, and what did; exit 1 when a job failed or was missed')
    .option('--json', 'one object')
    .action(async ({ json }: { json?: boolean }) => {
      context.exitCode = await status(context, json === true);
    });
  schedule
    .command('print')
    .description('the crontab lines that are installed, or the one that install would write')
    .argument('[name]', 'name of a job that is not installed yet')
    .option('--at <cron>', 'when it would run', '30 2 * * *')
    .option('--command <command>', 'what it would run', 'backup')
    .action((name: string | undefined, options: { at: string; command: string }, command: Command) =>
      printJobs(context, name, options, command),
    );
}

async function status(context: Context, json: boolean): Promise<number> {
  const [{ jobStatuses }, { journalDirectory }, { local }] = await Promise.all([
    import('../ops/schedule/status.ts'),
    import('../ops/engine/journal/runs.ts'),
    import('../hosts/local.ts'),
  ]);
  const journal = journalDirectory(context.env, home(context.env));
  const jobs = await jobStatuses(local, journal, new Date());
  if (json) printJson({ jobs });
  else if (jobs.length === 0) note(NONE);
  else
    await printTable(jobs, [
      { key: 'name', title: 'JOB' },
      { key: 'state', title: 'STATE' },
      { key: 'at', title: 'AT' },
      { key: 'last_expected_at', title: 'EXPECTED', show: time },
      { key: 'last_success_at', title: 'LAST SUCCESS', show: time },
      { key: 'next_at', title: 'NEXT', show: time },
    ]);
  return jobs.some(({ state }) => state === 'failed' || state === 'missed') ? EXIT.failed : EXIT.done;
}

/** cron goes by the clock of this machine, too. */
const time = (at: unknown): string => (typeof at === 'string' ? moment(at) : '-');

async function printJobs(
  context: Context,
  name: string | undefined,
  { at, command: text }: { at: string; command: string },
  command: Command,
): Promise<void> {
  const [{ JOB_NAME, jobLine, jobsOf, readCrontab }, { local }] = await Promise.all([
    import('../ops/schedule/crontab.ts'),
    import('../hosts/local.ts'),
  ]);
  if (name === undefined) {
    const jobs = jobsOf(await readCrontab(local));
    for (const job of jobs) print(jobLine(job));
    if (jobs.length === 0) note(NONE);
    return;
  }
  const [
    { badTime, jobOf, surprise },
    { clientsOf },
    { badCommand },
    { problemText },
    { splitWords },
    { createContext },
    { entryOf },
  ] = await Promise.all([
    import('../ops/schedule/job.ts'),
    import('../ops/schedule/clients.ts'),
    import('../ops/schedule/words.ts'),
    import('../ops/engine/fields.ts'),
    import('../text/shell.ts'),
    import('../ops/engine/context.ts'),
    import('../ops/registry.ts'),
  ]);
  const words = splitWords(text);
  const named = (option: string, wrong: string | undefined) => wrong && problemText(option, wrong);
  const problem = !JOB_NAME.test(name)
    ? `"${name}" is no name for a job: letters, digits, dot, dash and underscore are.`
    : (named('--at', badTime(at)) ??
      (words === undefined
        ? 'A quote is not closed.'
        : named('--command', await badCommand(words, entryOf))));
  if (problem !== undefined || words === undefined)
    throw new UsageError(`${problem}`, 'See pgdeck schedule print --help.');
  const { resolved } = await context.resolve(command);
  const surprising = surprise(at, new Date());
  if (surprising !== undefined) note(`${surprising}.`);
  const planning = createContext({ resolved, env: context.env, operations: entryOf });
  const program = await planning.here.pgdeck();
  const { before } = await clientsOf(planning);
  print(jobLine(jobOf(planning, { name, at, words, flock: true, program: [...before, ...program] })));
}
