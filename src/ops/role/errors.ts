import { defineErrors, failed, refused } from '../error.ts';

export const roleErrors = defineErrors('role', {
  noRole: ({ role }: { role: string }) =>
    refused(`There is no role ${role} on this server.`, `Make it with: pgdeck role create ${role}`),
  badTime: ({ given, why }: { given: string; why: string }) =>
    refused(
      `"${given}" is no time until which a password can be valid: ${why}`,
      'Give a day (2027-01-31), a time (2027-01-31 18:00+02), a span (90d), or infinity.',
    ),
  changed: ({ role }: { role: string }) =>
    failed(`${role} is not the role that it was when it was planned. Nothing was done.`, 'Plan it again.'),
  notStored: ({ role }: { role: string }) =>
    failed(`The server has not kept for ${role} what it was told.`, 'Try it again.'),
  noLogin: ({ role, why }: { role: string; why: string }) =>
    failed(
      `The server does not let ${role} in with the new password: ${why}`,
      'See its log: pgdeck log --since 5m',
    ),
  fileThere: ({ path }: { path: string }) =>
    refused(`There is a file ${path} already, and it is not overwritten.`, 'Name another one.'),
  fileFails: ({ path, code }: { path: string; code: string }) =>
    failed(`${path} cannot be written (${code}).`, 'Name another one.'),
  noOld: ({ role }: { role: string }) =>
    refused(
      `What the password of ${role} was is in no record: this role could not read it, or it was an MD5 hash, which is as good as the password and is not kept.`,
      `Set a new one: pgdeck role password ${role}`,
    ),
  noRecord: ({ run }: { run: string }) => refused(`${run} has made or changed no role.`),
  notGranted: ({ missing }: { missing: string }) =>
    failed(
      `Not everything holds after the statements: ${missing}. All of it was rolled back.`,
      'Connect as the owner of what is named, or as a superuser.',
    ),
});
