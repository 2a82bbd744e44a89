import { nearest } from '../../relations/names.ts';
import { declaredWays } from '../convert/declared.ts';
import { HOW_NAMES, type How, type HowOptions, howOf } from '../convert/how.ts';
import { importErrors } from '../errors.ts';
import type { ImportInput } from '../input.ts';
import type { BadPolicy } from '../shape/shape.ts';
import type { SourceColumn, SourceTable } from '../source/catalog.ts';

/** What was asked for, as the tables of a file have it. */
export interface Wish {
  readonly tables: readonly SourceTable[];
  readonly options: HowOptions;
  readonly bad: BadPolicy;
  /** The ways that are tried on a column, the one that is meant first; `open`: its values decide. */
  readonly waysOf: (
    table: SourceTable,
    column: SourceColumn,
  ) => { readonly ways: readonly How[]; readonly open: boolean };
}

/** Reads what was given against what is in the file. Throws {@link OpError} for a name that is not there. */
export function wishOf(input: ImportInput, all: readonly SourceTable[]): Wish {
  if (input.into_existing && input.map.length > 0) throw importErrors.mapsExisting();
  if (!/^[+-]\d\d(:?\d\d)?$/.test(input.zone)) throw importErrors.badZone({ given: input.zone });
  const options: HowOptions = { nul: input.nul, zone: input.zone };
  const skipped = new Set(input.skip.map((name) => tableNamed(all, name).name));
  const tables = all.filter(({ name }) => !skipped.has(name));
  const mapped = mapsOf(input.map, tables, options);
  return {
    ...{ tables, options, bad: input.null ? 'null' : input.reject ? 'reject' : 'refuse' },
    waysOf: (table, column) => {
      const given = mapped.get(`${table.name}.${column.name}`);
      if (given !== undefined) return { ways: [given], open: false };
      const { ways, open } = declaredWays(column);
      const names = input.keep_text && !ways.includes('text') ? [...ways, 'text'] : ways;
      return { open, ways: names.flatMap((name) => howOf(name, options) ?? []) };
    },
  };
}

function tableNamed(tables: readonly SourceTable[], given: string): SourceTable {
  const found = tables.find(({ name }) => name.toLowerCase() === given.toLowerCase());
  if (found !== undefined) return found;
  throw importErrors.noTable({
    given,
    alike: nearest(
      given,
      tables.map(({ name }) => name),
    ),
  });
}

/** The ways that were given, by table and column as the file has them. */
function mapsOf(
  given: readonly string[],
  tables: readonly SourceTable[],
  options: HowOptions,
): ReadonlyMap<string, How> {
  const names = tables.flatMap((table) => table.columns.map((column) => `${table.name}.${column.name}`));
  return new Map(
    given.map((text) => {
      const at = text.lastIndexOf('=');
      const how = at > 0 ? howOf(text.slice(at + 1).trim(), options) : undefined;
      if (how === undefined) throw importErrors.badMap({ given: text, ways: HOW_NAMES });
      const wanted = text.slice(0, at).trim();
      const found = names.filter((name) => name.toLowerCase() === wanted.toLowerCase());
      if (found[0] === undefined)
        throw importErrors.noColumn({ given: wanted, alike: nearest(wanted, names) });
      return [found[0], how] as const;
    }),
  );
}
