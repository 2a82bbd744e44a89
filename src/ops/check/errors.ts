import { shellWord } from '../../text/shell.ts';
import { plural } from '../../text/units.ts';
import { defineErrors, failed, refused } from '../error.ts';

export const checkErrors = defineErrors('check', {
  nothingChecked: ({ relations }: { relations: number }) =>
    failed(
      `Nothing was checked: there is no verdict on ${plural(relations, 'relation')}.`,
      'The table above says why; mend that, and check again.',
    ),
  nothingInstalled: () =>
    refused(
      'The run has not installed amcheck, or somebody has removed it since.',
      'There is nothing to take back.',
    ),
});

/** `--index public.t_id --index public.t_t`. */
export const flags = (option: string, names: readonly string[]): string =>
  names.map((name) => `${option} ${shellWord(name)}`).join(' ');
