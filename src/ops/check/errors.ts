import { shellWord } from '../../text/shell.ts';
import { plural } from '../../text/units.ts';
import { defineErrors, failed, refused } from '../error.ts';

export const checkErrors = defineErrors('check', {
  damaged: ({
    relations,
    next,
  }: {
    relations: readonly string[];
    /** Sentences: what mends them, in the order in which it is done. */
    next: readonly string[];
  }) =>
    failed(
      `${relations.length === 1 ? `1 relation is damaged: ${relations[0]}` : `${relations.length} relations are damaged: ${relations.join(', ')}`}.`,
      next.join('\n'),
    ),
  nothingChecked: ({ relations }: { relations: number }) =>
    failed(
      `Nothing was checked: there is no verdict on ${plural(relations, 'relation')}.`,
      'The table above says why; mend that, and check again.',
    ),
  badSize: ({ text }: { text: string }) =>
    refused(`${text} is no size.`, 'Say it as PostgreSQL does: 500MB, 10GB.'),
  nothingInstalled: () =>
    refused(
      'The run has not installed amcheck, or somebody has removed it since.',
      'There is nothing to take back.',
    ),
});

/** `--index public.t_id --index public.t_t`. */
export const flags = (option: string, names: readonly string[]): string =>
  names.map((name) => `${option} ${shellWord(name)}`).join(' ');
