import { defineErrors, failed, refused } from '../error.ts';

export const reindexErrors = defineErrors('reindex', {
  noIndexes: () =>
    refused(
      'What was named has no indexes that could be rebuilt.',
      'See what there is with: pgdeck show indexes',
    ),
  beingBuilt: ({ index, pid }: { index: string; pid: number }) =>
    failed(`Session ${pid} is building ${index} now.`, 'Wait until it is done, or cancel it first.'),
  passedOver: ({ indexes, said }: { indexes: readonly string[]; said: string }) =>
    failed(
      `${indexes.join(', ')} ${indexes.length === 1 ? 'was' : 'were'} skipped${said === '' ? '.' : `: ${said}`}`,
    ),
  invalid: ({ indexes }: { indexes: readonly string[] }) =>
    failed(
      `${indexes.join(', ')} ${indexes.length === 1 ? 'is' : 'are'} invalid.`,
      `To repair: pgdeck reindex ${indexes.map((index) => `--index ${index}`).join(' ')}`,
    ),
});
