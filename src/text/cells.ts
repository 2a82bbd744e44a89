import { type Line, type Span, span, type Tone } from './line.ts';
import { fit, width } from './width.ts';

/** How much room a column takes and when it gives way. */
export interface ColumnSpec {
  readonly id: string;
  readonly title: string;
  /** Cells; for a growing column the least it needs. */
  readonly width: number;
  readonly align?: 'left' | 'right';
  /** 1 stays longest; columns of the highest number are dropped first when the room is short. */
  readonly priority: number;
  /** Takes what is left; one per table. */
  readonly grow?: boolean;
}

export interface Placed<C extends ColumnSpec> {
  readonly column: C;
  readonly cells: number;
}

const GAP = 1;

/** Chooses the columns that fit and gives each its cells. Pure; the sum with the gaps never exceeds the room. */
export function placeColumns<C extends ColumnSpec>(columns: readonly C[], room: number): Placed<C>[] {
  const kept = [...columns];
  const need = () => kept.reduce((sum, c) => sum + c.width, 0) + GAP * Math.max(0, kept.length - 1);
  while (kept.length > 1 && need() > room) {
    let least = 0;
    for (let i = 1; i < kept.length; i++)
      if ((kept[i]?.priority ?? 0) >= (kept[least]?.priority ?? 0)) least = i;
    kept.splice(least, 1);
  }
  const spare = Math.max(0, room - need());
  return kept.map((column) => ({
    column,
    cells: Math.max(0, Math.min(column.width + (column.grow ? spare : 0), room)),
  }));
}

/** One row of a table: every cell in exactly its column. */
export function tableLine(
  cells: readonly { readonly text: string; readonly tone?: Tone | undefined }[],
  placed: readonly Placed<ColumnSpec>[],
  mark?: string,
): Line {
  const out: Span[] = [];
  placed.forEach(({ column, cells: room }, i) => {
    if (i > 0) out.push(span(' '));
    const cell = cells[i] ?? { text: '' };
    out.push(span(fit(cell.text, room, column.align, mark), cell.tone));
  });
  return out;
}

/** The heading of a table; the sorted column carries its direction. */
export function headingLine(
  placed: readonly Placed<ColumnSpec>[],
  sort: { readonly column: string; readonly descending: boolean } | undefined,
  marks: { readonly up: string; readonly down: string },
): Line {
  const cells = placed.map(({ column, cells: room }) => {
    const sorted = sort?.column === column.id;
    const arrow = sorted ? (sort.descending ? marks.down : marks.up) : '';
    const title =
      width(column.title + arrow) > room
        ? column.title.slice(0, Math.max(0, room - arrow.length))
        : column.title;
    return { text: title + arrow, tone: sorted ? ('accent' as const) : ('muted' as const) };
  });
  return tableLine(cells, placed);
}
