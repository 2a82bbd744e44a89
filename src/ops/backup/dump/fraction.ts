import type { BackupRelation } from '../queries/relations.ts';

/** A table that is being read, as the server shows it. */
export interface Copy {
  readonly oid: number;
  readonly rows: number;
  readonly bytes: number;
}

/** pg_dump's order: by name with one process, the largest first with several. */
export type Order = 'name' | 'size';

/** Nothing is done before it is: the files are written out and the counts compared after the last row. */
const MOST = 0.99;

/**
 * Estimates how far a dump has come, in bytes of the tables on disk. What is before the tables that are being read, in
 * pg_dump's order, is done; of those the share of their rows, which is a guess between two runs of ANALYZE.
 */
export class DumpFraction {
  readonly total: number;
  readonly #relations: readonly BackupRelation[];
  readonly #place: ReadonlyMap<number, number>;
  #done = 0;

  /** `relations` in the order of their names, as the server sorts bytes. */
  constructor(relations: readonly BackupRelation[], order: Order) {
    const tables = relations.filter(({ kind }) => kind === 'r');
    this.#relations = order === 'name' ? tables : tables.toSorted((a, b) => b.bytes - a.bytes);
    this.#place = new Map(this.#relations.map(({ oid }, at) => [oid, at]));
    this.total = this.#relations.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Bytes done; never less than before, never all of them. */
  done(copies: readonly Copy[]): number {
    const running = new Map(copies.filter(({ oid }) => this.#place.has(oid)).map((copy) => [copy.oid, copy]));
    const last = Math.max(-1, ...[...running.keys()].map((oid) => this.#place.get(oid) ?? -1));
    const done = this.#relations.slice(0, last + 1).reduce((sum, relation) => {
      const copy = running.get(relation.oid);
      return sum + (copy === undefined ? relation.bytes : relation.bytes * share(relation, copy));
    }, 0);
    this.#done = Math.max(this.#done, Math.min(done, this.total * MOST));
    return this.#done;
  }
}

function share({ estimated_rows, bytes }: BackupRelation, copy: Copy): number {
  const part = estimated_rows > 0 ? copy.rows / estimated_rows : bytes > 0 ? copy.bytes / bytes : 1;
  return Math.min(1, part);
}
