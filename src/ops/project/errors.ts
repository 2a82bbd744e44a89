import { defineErrors, failed, refused } from '../error.ts';

export const projectErrors = defineErrors('project', {
  noFile: ({ file }: { file: string }) =>
    refused(
      `There is no ${file}.`,
      'It says what the database is made of; the manual shows one: man pgdeck.',
    ),
  unreadable: ({ file, code }: { file: string; code: string }) =>
    refused(`${file} cannot be read (${code}).`, 'Fix that, or name another file.'),
  badFile: ({ faults }: { faults: readonly string[] }) =>
    refused(faults.join('\n'), 'Correct the file; nothing was done.'),
  partBlocked: ({ what, why }: { what: string; why: string }) =>
    failed(`${what}: ${why}`, 'What was done before it stays; remove the cause, and run it again.'),
  partFailed: ({ text }: { text: string }) => failed(text),
  asksMore: ({ what, subject }: { what: string; subject: string }) =>
    failed(
      `${what}: this can lose data of ${subject}, and nobody has been asked about that.`,
      'Do it by its own command first, then run this again.',
    ),
  notStarted: ({ why, seconds }: { why: string; seconds: number }) =>
    failed(
      `The server has not answered ${seconds} s after its command: ${why}`,
      'Look at what the command has started, or give it longer: "wait_seconds".',
    ),
  noStart: ({ why }: { why: string }) =>
    refused(why, 'Start the server, or say how it is started in the file: "server": {"start": […]}.'),
  appDown: ({ url, why, seconds }: { url: string; why: string; seconds: number }) =>
    failed(`${url} has not answered as it should within ${seconds} s: ${why}`, 'Look at its log.'),
  undecided: ({ what, why, field }: { what: string; why: string; field: string }) =>
    failed(
      `${what}: ${why}`,
      `Look at the data, then say which it is: skip ${field}, or run ${field} again.`,
    ),
  nothingToTakeBack: ({ what, database }: { what: string; database: string }) =>
    refused(
      `The journal knows of no ${what} of ${database} that could be taken back.`,
      'See what was done with: pgdeck runs list',
    ),
  noDatabase: ({ database }: { database: string }) =>
    refused(`There is no database ${database} on this server.`, 'To make it: pgdeck db setup'),
  noBackup: ({ run }: { run: string }) =>
    refused(
      `${run} had not backed anything up: it has changed nothing that a backup would bring back.`,
      'Remove the cause, and run the upgrade again.',
    ),
});
