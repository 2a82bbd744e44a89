import { fullName } from '../../db/ident.ts';
import { bytes, count, duration } from '../../text/units.ts';
import type { ResultTable } from '../engine/plan.ts';
import type { ReindexMeasure } from './queries/measure.ts';
import type { Target } from './scope.ts';

interface IndexMeasures {
  readonly before: readonly ReindexMeasure[];
  readonly after?: readonly ReindexMeasure[];
  readonly seconds?: number;
  readonly outcome: 'done' | 'failed' | 'cancelled';
}

/** What the indexes of a run were like before it and are after it. */
export class IndexesBeforeAfter {
  readonly #entries = new Map<Target, IndexMeasures>();

  enter(target: Target, entry: IndexMeasures): void {
    this.#entries.set(target, entry);
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  compare(): ResultTable {
    return {
      title: 'Indexes before and after',
      columns: [
        'index',
        'size before',
        'size after',
        'pages before',
        'pages after',
        'valid',
        'took',
        'outcome',
      ],
      rows: [...this.#entries].flatMap(([target, entry]) => rowsOf(target, entry)),
    };
  }
}

function rowsOf(target: Target, { before, after, seconds, outcome }: IndexMeasures): string[][] {
  return measured(target, before).map((old, at) => {
    const now = after?.find((one) => one.schema === old.schema && one.name === old.name);
    const pages = (one: ReindexMeasure | undefined) =>
      count(one === undefined || one.bytes === null ? null : one.bytes / one.block_size);
    return [
      fullName(old.schema, old.name),
      bytes(old.bytes),
      bytes(now?.bytes),
      pages(old),
      pages(now),
      now === undefined ? '-' : now.valid ? 'yes' : 'NO',
      // all indexes of a table are built by one statement
      at === 0 ? duration(seconds) : '',
      outcome,
    ];
  });
}

/** The measures of what a target rebuilds, the biggest first. */
export function measured(target: Target, measures: readonly ReindexMeasure[]): readonly ReindexMeasure[] {
  const names = new Set(target.indexes.map(({ schema, name }) => fullName(schema, name)));
  return measures
    .filter(({ schema, name }) => names.has(fullName(schema, name)))
    .sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
}

/** The indexes that are as they were: each that is rebuilt gets another file. */
export function untouched(
  target: Target,
  before: readonly ReindexMeasure[],
  after: readonly ReindexMeasure[],
): string[] {
  const files = new Set(before.map(({ filenode }) => filenode));
  return measured(target, after).flatMap(({ schema, name, filenode }) =>
    files.has(filenode) ? [fullName(schema, name)] : [],
  );
}
