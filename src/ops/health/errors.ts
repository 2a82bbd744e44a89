import { defineErrors, refused } from '../error.ts';

export const healthErrors = defineErrors('health', {
  noProfile: () =>
    refused(
      'A waiver is kept in the profile of its server, and this server has none.',
      'Make one: pgdeck profile add NAME, with the same connection options.',
    ),
  noSuchProfile: ({ name, file }: { name: string; file: string }) =>
    refused(`There is no profile "${name}" in ${file} any more.`, 'pgdeck profile list shows them.'),
  over: ({ until }: { until: string }) =>
    refused(`${until} is over.`, 'Give the last day on which the waiver is to hold.'),
  notWaived: ({ id, profile }: { id: string; profile: string }) =>
    refused(`${id} is not waived in profile "${profile}".`, 'pgdeck health shows what is.'),
});
