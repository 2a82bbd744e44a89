import { defineErrors, failed } from '../error.ts';

export const concurrentlyErrors = defineErrors('concurrently', {
  stay: ({ indexes }: { indexes: readonly { readonly index: string; readonly why: string }[] }) =>
    failed(indexes.map(({ index, why }) => `${index} stays, invalid: ${why}`).join('\n')),
});
