import { defineErrors, refused } from '../../../error.ts';

export const dbmateErrors = defineErrors('migrate.adapters.dbmate', {
  withoutMark: ({ files }: { files: readonly string[] }) =>
    refused(
      `dbmate applies no file without a line "-- migrate:down": ${files.join(', ')}.`,
      'Add the line; the way down may be empty.',
    ),
});
