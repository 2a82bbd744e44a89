import { defineErrors, failed, refused } from '../error.ts';

export const scheduleErrors = defineErrors('schedule', {
  openQuote: ({ command }: { command: string }) =>
    refused(`A quote is not closed in: ${command}`, 'Close it.'),
  unfit: ({ what }: { what: 'A line break' | 'A backslash before a percent sign' }) =>
    refused(
      `${what} cannot stand in a crontab, and the command, the connection or a variable such as BACKUP_DIR has one.`,
      'Run it from a script of your own.',
    ),
  noJob: ({ name }: { name: string }) =>
    refused(`There is no job "${name}".`, 'pgdeck schedule status lists them.'),
  noEnd: ({ begin, end }: { begin: string; end: string }) =>
    refused(
      `The crontab has the mark "${begin}" without its end.`,
      `Fix it with crontab -e: the line "${end}" is missing below the jobs.`,
    ),
  unreadable: ({ said }: { said: string }) => failed(`The crontab cannot be read: ${said}`),
  notTaken: ({ said }: { said: string }) => failed(`crontab refused the new lines: ${said}`),
  notWritten: () =>
    failed('The crontab does not hold what was written to it.', 'Look at it with crontab -l.'),
});
