import { defineErrors, failed } from '../ops/error.ts';

export const cliErrors = defineErrors('cli', {
  unwritable: ({ file, code }: { file: string; code: string }) =>
    failed(`${file} cannot be written (${code}).`, 'Name another file with --out.'),
});
