import { defineErrors, refused } from '../error.ts';

export const recoverErrors = defineErrors('recover', {
  nothingLeft: ({ run, place }: { run: string; place: string }) =>
    refused(`${run} has left nothing behind on ${place}.`, 'See what was done with: pgdeck runs list'),
});
