import { defineErrors, failed, refused } from '../error.ts';

export const runSqlErrors = defineErrors('run-sql', {
  unread: ({ file, why }: { file: string; why: string }) => refused(`${file}: ${why}`, 'Name another file.'),
  badFile: ({ why }: { why: string }) => refused(why, 'Nothing was run. Mend it, and plan it again.'),
  badSet: ({ given }: { given: string }) =>
    refused(
      `"${given}" gives no variable a value.`,
      'Write --set NAME=VALUE, with a name of letters, digits and _.',
    ),
  twice: ({ name }: { name: string }) =>
    refused(`The variable ${name} is given twice.`, 'Give each of them once.'),
  empty: ({ file }: { file: string }) => refused(`${file} has no statement in it.`),
  changed: ({ file }: { file: string }) =>
    failed(`${file} has changed since it was planned. Nothing was run.`, 'Plan it again.'),
});
