import { displayName } from '../../../db/ident.ts';
import { nameParts } from '../../relations/names.ts';

/** Of more than these, only the number is told. */
export const NAMED = 5;

/** Whether a table is what somebody has typed. */
export function means(text: string, { schema, name }: { schema: string; name: string }): boolean {
  if (text === name || text === `${schema}.${name}`) return true;
  const parts = nameParts(text) ?? [];
  return parts.length === 2
    ? parts[0] === schema && parts[1] === name
    : parts.length === 1 && parts[0] === name;
}

/** Some tables by name, and how many more. */
export function listed(tables: readonly { schema: string; name: string }[]): string {
  const names = tables.slice(0, NAMED).map(({ schema, name }) => displayName(schema, name));
  return `${names.join(', ')}${tables.length > NAMED ? ` and ${tables.length - NAMED} more` : ''}`;
}
