import { defineErrors, failed, refused } from '../ops/error.ts';

export const cliErrors = defineErrors('cli', {
  unwritable: ({ file, code }: { file: string; code: string }) =>
    failed(`${file} cannot be written (${code}).`, 'Name another file with --out.'),
  exists: ({ file }: { file: string }) =>
    refused(`${file} is there already.`, 'Write over it with --force, or name another file with --out.'),
});
