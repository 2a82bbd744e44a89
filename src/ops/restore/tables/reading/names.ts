import { displayName } from '../../../../db/ident.ts';
import { tableKey } from '../../../archive/roots.ts';
import { nameParts, nearest } from '../../../relations/names.ts';
import { tablesErrors } from '../errors.ts';
import type { Contents, ContentsTable } from './contents.ts';

/**
 * Finds the tables that were named: `orders`, `app.orders`, `"Mixed Case"."T"`, or a name exactly as it is. Throws
 * {@link OpError} for a name that the backup does not have, or has more than once: pg_restore would restore nothing
 * and say nothing.
 */
export function chooseTables(contents: Contents, names: readonly string[]): string[] {
  const chosen = new Set(names.map((name) => find(contents, name)));
  // what is below a chosen table comes with it
  return [...chosen].filter((key) => !ancestors(contents, key).some((above) => chosen.has(above)));
}

function find(contents: Contents, text: string): string {
  const all = [...contents.tables.values()];
  const exact = all.filter(({ schema, name }) => text === `${schema}.${name}` || text === name);
  const found = exact.length > 0 ? exact : matching(all, text);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return tableKey(only.schema, only.name);
  if (only !== undefined) throw tablesErrors.ambiguous({ name: text, found: found.map(shown) });
  throw tablesErrors.noTable({ name: text, alike: similar(all, text), tables: all.length });
}

function matching(all: readonly ContentsTable[], text: string): ContentsTable[] {
  const parts = nameParts(text) ?? [];
  const [schema, name] = parts.length === 2 ? parts : [undefined, parts[0]];
  if (parts.length > 2 || name === undefined) return [];
  return all.filter((table) => table.name === name && (schema === undefined || table.schema === schema));
}

/** Names that may be meant, with the schema or without it. */
function similar(all: readonly ContentsTable[], text: string): string[] {
  const whole = nearest(text, all.map(shown));
  if (whole.length > 0) return whole;
  const bare = new Set(
    nearest(
      text,
      all.map(({ name }) => name),
    ),
  );
  return all.filter(({ name }) => bare.has(name)).map(shown);
}

function ancestors(contents: Contents, key: string): string[] {
  const parent = contents.tables.get(key)?.parent;
  return parent === undefined ? [] : [parent, ...ancestors(contents, parent)];
}

function shown({ schema, name }: ContentsTable): string {
  return displayName(schema, name);
}
