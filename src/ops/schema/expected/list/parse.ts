import { z } from 'zod';
import { expectedErrors } from '../errors.ts';

/** A table of a list that was written by hand. */
export interface ListedTable {
  /** As the list has it: `users`, `app.users`. */
  readonly key: string;
  /** Undefined: found by the search_path. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly critical: boolean;
  readonly columns: readonly ListedColumn[];
}

export interface ListedColumn {
  readonly name: string;
  /** As in CREATE TABLE, after the name: `text not null`. */
  readonly type: string;
  readonly critical: boolean;
}

const mark = z.boolean().optional();
const type = z.string().trim().min(1, 'expected a type, as in CREATE TABLE');

const listSchema = z.strictObject({
  formatVersion: z.literal(1).optional(),
  tables: z.record(
    z.string().min(1),
    z.strictObject({
      critical: mark,
      columns: z
        .record(z.string().min(1), z.union([type, z.strictObject({ type, critical: mark })]))
        .default({}),
    }),
  ),
});

/** Reads a list. Throws OpError that names the place. */
export function parseList(value: unknown, file: string): ListedTable[] {
  const parsed = listSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const inner = issue?.code === 'invalid_union' ? issue.errors.flat()[0] : issue;
    const at = [...(issue?.path ?? []), ...(inner === issue ? [] : (inner?.path ?? []))].join('.');
    throw expectedErrors.badList({ file, at, why: sentence(inner?.message ?? 'expected a list of tables') });
  }
  const tables = Object.entries(parsed.data.tables).map(([key, table]): ListedTable => {
    const name = nameOf(key);
    if (name === undefined)
      throw expectedErrors.badList({
        ...{ file, at: `tables.${key}` },
        why: 'Expected a name, or a schema and a name with a dot between.',
      });
    const columns = Object.entries(table.columns).map(([column, said]) =>
      typeof said === 'string'
        ? { name: column, type: said, critical: false }
        : { name: column, type: said.type, critical: said.critical === true },
    );
    return { key, ...name, critical: table.critical === true, columns };
  });
  if (tables.length === 0)
    throw expectedErrors.badList({ file, at: 'tables', why: 'Expected at least one table.' });
  return tables;
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

const PART = /^(?:"((?:[^"]|"")+)"|([^".]+))(?:\.|$)/;

/** The parts of a name. What is not quoted is taken as it is written, capitals too. */
function nameOf(key: string): Pick<ListedTable, 'schema' | 'name'> | undefined {
  const parts: string[] = [];
  for (let rest = key; rest !== ''; ) {
    const found = PART.exec(rest);
    if (found === null) return undefined;
    parts.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    rest = rest.slice(found[0].length);
    if (rest === '' && found[0].endsWith('.')) return undefined;
  }
  const [first, second, more] = parts;
  if (first === undefined || more !== undefined) return undefined;
  return second === undefined ? { schema: undefined, name: first } : { schema: first, name: second };
}
