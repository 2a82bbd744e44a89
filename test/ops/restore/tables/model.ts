import type { Mode } from '../../../../src/ops/restore/tables/plan.ts';

/** A row: its key, a value, a value that no two rows may share, and what it refers to. */
export interface Row {
  readonly id: number;
  readonly v: string;
  readonly u: number | null;
  readonly ref: number | null;
}

export interface Result {
  readonly rows: readonly Row[];
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What a mode makes of a table, by definition; `clash` where two rows would share what they may not. */
export function model(live: readonly Row[], backup: readonly Row[], mode: Mode): Result | 'clash' {
  const kept = new Map(live.map((row) => [row.id, row]));
  let [inserted, updated, deleted] = [0, 0, 0];
  for (const row of backup) {
    const own = kept.get(row.id);
    if (own === undefined) {
      if (mode === 'skip_existing' && row.u !== null && [...kept.values()].some(({ u }) => u === row.u))
        continue;
      kept.set(row.id, row);
      inserted++;
    } else if (mode !== 'skip_existing' && JSON.stringify(own) !== JSON.stringify(row)) {
      kept.set(row.id, row);
      updated++;
    }
  }
  if (mode === 'replace')
    for (const { id } of live)
      if (!backup.some((row) => row.id === id)) {
        kept.delete(id);
        deleted++;
      }
  const rows = [...kept.values()].sort((a, b) => a.id - b.id);
  const values = rows.flatMap(({ u }) => u ?? []);
  if (new Set(values).size < values.length) return 'clash';
  return { rows, inserted, updated, deleted };
}

/** Whether every reference of one table leads to a row of the other. */
export function refersWell(rows: readonly Row[], parents: readonly Row[]): boolean {
  const ids = new Set(parents.map(({ id }) => id));
  return rows.every(({ ref }) => ref === null || ids.has(ref));
}
