import { defineErrors, refused } from '../error.ts';

const PLURAL = { table: 'tables', index: 'indexes' } as const;

export const relationsErrors = defineErrors('relations', {
  ambiguous: ({ what, name, found }: { what: keyof typeof PLURAL; name: string; found: readonly string[] }) =>
    refused(
      `The name ${name} stands for ${found.length} ${PLURAL[what]}: ${found.join(', ')}.`,
      'Name one of them with its schema, as it stands here.',
    ),
  missing: ({ what, name, alike }: { what: string; name: string; alike: readonly string[] }) =>
    refused(
      `There is no ${what} ${name} in this database.`,
      alike.length === 0
        ? 'Check the name; upper and lower case differ.'
        : `Did you mean ${alike.join(' or ')}?`,
    ),
});
