import { byRoot } from '../../archive/roots.ts';
import type { Manifest } from '../../repository/manifest.ts';
import type { Foreign } from '../source/foreign.ts';

/** What must be there after a load. */
export interface Expected {
  readonly tables: readonly ExpectedTable[];
  /** null: not known. */
  readonly largeObjects: number | null;
  readonly sequences: readonly { schema: string; name: string; last_value: string | null }[];
  /** Where the numbers are from, for people. */
  readonly from: 'manifest' | 'archive';
}

export interface ExpectedTable {
  readonly schema: string;
  readonly name: string;
  /** null: not counted. */
  readonly rows: number | null;
  /** Bytes of its COPY text; null: unknown. */
  readonly copyBytes: number | null;
  /** Computed anew by the load, from what may have changed since it was filled. */
  readonly matview: boolean;
  /** Its rows are in its partitions. */
  readonly partitioned?: boolean;
}

export function expectedOf(manifest: Manifest): Expected {
  const { tables } = manifest;
  const of = (matview: boolean): ExpectedTable[] =>
    byRoot(tables.filter(({ kind }) => (kind === 'matview') === matview)).map(
      ({ schema, name, rows, copy_bytes: copyBytes, partitioned }) => ({
        schema,
        name,
        rows,
        copyBytes,
        matview,
        ...(partitioned && { partitioned }),
      }),
    );
  return {
    tables: [...of(false), ...of(true)],
    largeObjects: manifest.large_objects,
    sequences: manifest.sequences,
    from: 'manifest',
  };
}

/** Of a backup that pgdeck did not make: what was counted in it while it was read through. */
export function expectedIn({ dumped }: Pick<Foreign, 'dumped'>): Expected {
  return {
    tables: dumped.tables
      .filter(({ rows }) => rows !== undefined)
      .map(({ schema, name, plain, rows = null, copyBytes }) => ({
        schema,
        name,
        rows,
        copyBytes,
        matview: false,
        ...(!plain && { partitioned: true }),
      })),
    // objects without content are not seen
    largeObjects: null,
    sequences: [],
    from: 'archive',
  };
}

/** Bytes of COPY text of everything; undefined when that of some table is unknown. */
export function copyBytesOf(expected: Expected): number | undefined {
  let sum = 0;
  for (const { rows, copyBytes, matview } of expected.tables) {
    if (matview || rows === null) continue;
    if (copyBytes === null) return undefined;
    sum += copyBytes;
  }
  return sum;
}
