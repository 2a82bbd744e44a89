import { defineErrors, refused } from '../error.ts';

export const routineErrors = defineErrors('routine', {
  noItem: ({ name, names }: { name: string; names: readonly string[] }) =>
    refused(`The routine has no item "${name}".`, `Its items are ${names.join(', ')}.`),
  nothing: ({ routine }: { routine: string }) =>
    refused(`The ${routine} routine has no items.`, 'Its items are in the settings, under routine.'),
});
