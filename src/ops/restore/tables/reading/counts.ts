import { tableKey } from '../../../archive/roots.ts';
import type { Dumped } from '../../../archive/sql/tally.ts';
import type { Manifest } from '../../../repository/manifest.ts';
import type { Contents } from './contents.ts';

/** Rows of a table as counted; null: not counted, `above`: among those of what it is a partition of. */
type Counted = number | null | 'above';

/** Whether rows of what a table is a partition of were seen: with their number, or without. */
type Above = 'none' | 'counted' | 'uncounted';

/** What is known of how many rows the tables of a backup have. */
export class Counts {
  readonly #counted: ReadonlyMap<string, Counted>;

  private constructor(counted: ReadonlyMap<string, Counted>) {
    this.#counted = counted;
  }

  /** As they were counted when the backup was made, or when a dump from elsewhere was read. */
  static of(manifest: Manifest | undefined, dumped: Dumped | undefined): Counts {
    const told = manifest?.tables.map(({ schema, name, rows }) => [tableKey(schema, name), rows] as const);
    const read = dumped?.tables.flatMap(({ schema, name, rows, throughRoot }) =>
      rows === undefined ? [] : [[tableKey(schema, name), throughRoot ? 'above' : rows] as const],
    );
    return new Counts(new Map<string, Counted>(told ?? read));
  }

  /** Of a table and those below it; null where that is not known of each. */
  rowsOf({ tables }: Pick<Contents, 'tables'>, key: string): number | null {
    const rows = (at: string, above: Above): number | null => {
      const { partitioned = false, data } = tables.get(at) ?? {};
      const counted = this.#counted.get(at);
      const own = ownRows(counted, above, partitioned, data !== undefined);
      const next = !partitioned || data === undefined ? above : 'uncounted';
      const below = partitioned && typeof counted === 'number' ? 'counted' : next;
      return [...tables]
        .filter(([, { parent }]) => parent === at)
        .map(([child]) => rows(child, below))
        .reduce((sum, n) => (sum === null || n === null ? null : sum + n), own);
    };
    return rows(key, 'none');
  }
}

function ownRows(
  counted: Counted | undefined,
  above: Above,
  partitioned: boolean,
  filled: boolean,
): number | null {
  if (counted === 'above') return above === 'counted' ? 0 : null;
  if (typeof counted === 'number') return counted;
  // a manifest counts by leaves
  if (partitioned) return counted === null ? null : 0;
  return filled || above === 'uncounted' ? null : 0;
}
