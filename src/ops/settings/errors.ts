import { defineErrors, failed, refused } from '../error.ts';

export const settingErrors = defineErrors('settings', {
  unknown: ({ name, like }: { name: string; like: readonly string[] }) =>
    refused(
      `This server has no setting ${name}${like.length > 0 ? `; it has ${like.join(', ')}` : ''}.`,
      'List them with: pgdeck settings --all',
    ),
  notSet: ({ name, where }: { name: string; where: string }) =>
    refused(
      `${name} is not set ${where}: there is nothing to take back.`,
      'See where it is from: pgdeck settings',
    ),
  noRole: ({ role }: { role: string }) => refused(`There is no role ${role} on this server.`),
  noDatabase: ({ database }: { database: string }) =>
    refused(
      `There is no database ${database} on this server.`,
      'See which there are with: pgdeck show database',
    ),
  changed: ({ name, where, now }: { name: string; where: string; now: string }) =>
    refused(
      `${name} was changed ${where} meanwhile, by somebody else: it is ${now} now. Nothing was done.`,
      'Look again, and set what is to hold.',
    ),
  unreadable: ({ name, where }: { name: string; where: string }) =>
    refused(
      `What ${name} is ${where} cannot be read any more: its files have changed since. Nothing was done.`,
      'Look again: pgdeck settings',
    ),
  noOld: ({ name }: { name: string }) =>
    refused(
      `What ${name} was before is in no record: it is a secret, or this role could not read it.`,
      'Set it again with: pgdeck settings set',
    ),
  noStart: ({ said }: { said: string }) =>
    failed(`A server does not start with it: ${said}. Nothing was written.`, 'Give another value.'),
  noTrial: ({ said }: { said: string }) =>
    failed(
      `Whether a server starts with it could not be tried: a throwaway server does not start without it either (${said}). Nothing was written.`,
      'Look at that first, or do it without: --no-trial',
    ),
  notLoaded: ({ why }: { why: string }) =>
    failed(`The server has not read its files again: ${why}.`, 'Its log says more: pgdeck log --since 5m'),
  notTaken: ({ name, why }: { name: string; why: string }) =>
    failed(`${name} was written and does not hold: ${why}.`, 'See where it is from: pgdeck settings'),
});
