import { defineErrors, failed, refused } from '../error.ts';

export const verifyErrors = defineErrors('verify', {
  noChecksums: ({ id }: { id: string }) =>
    refused(
      `There are no checksums of ${id}: pgdeck did not make it.`,
      'Use --level decode, or --level restore.',
    ),
  /** `dir`: the flag that names the repository; empty where it is the usual one. */
  noGood: ({ id, why, dir }: { id: string; why: string; dir: string }) =>
    failed(
      `${id} is no good: ${why}`,
      `Use another backup (pgdeck backups list${dir}), and make a new one: pgdeck backup`,
    ),
});
