import { displayName, fullName } from '../../db/ident.ts';
import { relationsErrors } from './errors.ts';
import { nameParts, nearest } from './names.ts';

interface Named {
  readonly schema: string;
  readonly name: string;
}

export interface ResolveOptions<R> {
  /** `table`, `index`. */
  readonly what?: 'table' | 'index';
  /** Which of them are offered for a name that is not there. */
  readonly offered?: (relation: R) => boolean;
  /** How those are written that one name stands for. */
  readonly shown?: (relation: R) => string;
}

/**
 * The relation that was typed: `orders`, `app.orders`, `"Mixed Case"."T"`, or its name exactly as it is. Throws
 * {@link OpError} for a name that is not there, with those that are alike, and for one that stands for several.
 */
export function resolveRelation<R extends Named>(
  all: readonly R[],
  text: string,
  {
    what = 'table',
    offered = () => true,
    shown = ({ schema, name }) => fullName(schema, name),
  }: ResolveOptions<R> = {},
): R {
  const parts = nameParts(text) ?? [];
  const [only, ...more] = all.filter(
    ({ schema, name }) =>
      text === `${schema}.${name}` ||
      text === name ||
      (parts.length === 1 && parts[0] === name) ||
      (parts.length === 2 && parts[0] === schema && parts[1] === name),
  );
  if (only === undefined) {
    const names = all.filter(offered).map(({ schema, name }) => displayName(schema, name));
    throw relationsErrors.missing({ what, name: text, alike: nearest(text, names) });
  }
  if (more.length === 0) return only;
  const found = [only, ...more].map(shown);
  throw relationsErrors.ambiguous({ what, name: text, found });
}

/** The schema that was typed, of those there are. Throws {@link OpError} with the names that are alike. */
export function resolveSchema(names: readonly string[], text: string, what = 'schema'): string {
  const parts = nameParts(text);
  const found =
    names.find((name) => name === text) ?? names.find((name) => parts?.length === 1 && name === parts[0]);
  if (found !== undefined) return found;
  throw relationsErrors.missing({ what, name: text, alike: nearest(text, names) });
}

/** The schema of one of these relations. */
export function resolveSchemaOf(all: readonly Named[], text: string): string {
  return resolveSchema([...new Set(all.map(({ schema }) => schema))], text, 'schema with tables');
}
