import { type Line, lineWidth, type Span, span, type Tone } from './line.ts';
import { fit, take, width } from './width.ts';

/** How much room a column takes and when it gives way. */
export interface ColumnSpec {
  readonly id: string;
  readonly title: string;
  /** A word for it where the title has no room. */
  readonly short?: string;
  /** Cells; for a growing column the least it needs. */
  readonly width: number;
  readonly align?: 'left' | 'right';
  /** 1 stays longest; columns of the highest number are dropped first when the room is short. */
  readonly priority: number;
  /** Takes what is left; one per table. */
  readonly grow?: boolean;
  /** Cells to which it shrinks before others give way for it: a text that is still one when it is cut. */
  readonly least?: number;
  /** Of the room, for a growing column: what it gets before the others where the table is wide. */
  readonly share?: number;
}

export interface Placed<C extends ColumnSpec> {
  readonly column: C;
  readonly cells: number;
}

const GAP = 1;
/** Room of a table from which on shares count: a terminal of 100 columns. */
const WIDE = 98;

/**
 * Chooses the columns that fit and gives each its cells. They depend on the room only, never on what is in them; the sum
 * with the gaps never exceeds the room.
 */
export function placeColumns<C extends ColumnSpec>(columns: readonly C[], room: number): Placed<C>[] {
  const kept = [...columns];
  const least = ({ width, grow, least = width, share = 0 }: C): number =>
    grow ? Math.max(width, room >= WIDE ? Math.round(room * share) : 0) : least;
  const need = () => kept.reduce((sum, c) => sum + least(c), 0) + GAP * Math.max(0, kept.length - 1);
  while (kept.length > 1 && need() > room) {
    let least = 0;
    for (let i = 1; i < kept.length; i++)
      if ((kept[i]?.priority ?? 0) >= (kept[least]?.priority ?? 0)) least = i;
    kept.splice(least, 1);
  }
  let spare = Math.max(0, room - need());
  const cells = new Map(kept.map((column) => [column, least(column)]));
  // what was shrunk gets its width back, the most important first; what is left is the growing column's
  for (const column of kept.toSorted((a, b) => a.priority - b.priority)) {
    const more = column.grow ? 0 : Math.min(spare, column.width - least(column));
    cells.set(column, least(column) + more);
    spare -= more;
  }
  return kept.map((column) => ({
    column,
    cells: Math.max(0, Math.min((cells.get(column) ?? 0) + (column.grow ? spare : 0), room)),
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
export function headingLine(placed: readonly Placed<ColumnSpec>[], sort: SortedBy, marks: Marks): Line {
  return tableLine(
    placed.map((one) => headingCell(one, sort, marks)),
    placed,
  );
}

type Marks = { readonly up: string; readonly down: string };
type SortedBy = { readonly column: string; readonly descending: boolean } | undefined;

function headingCell({ column, cells }: Placed<ColumnSpec>, sort: SortedBy, marks: Marks) {
  const sorted = sort?.column === column.id;
  const arrow = sorted ? (sort.descending ? marks.down : marks.up) : '';
  const names = [column.title, ...(column.short === undefined ? [] : [column.short])];
  // a word that is whole says more than an arrow, which stands in the header too; the tone tells the column
  const texts = [...names.map((name) => name + arrow), ...names];
  const text = texts.find((one) => width(one) <= cells) ?? take(names.at(-1) ?? '', cells);
  return { text, tone: sorted ? ('accent' as const) : ('muted' as const) };
}

/**
 * The titles of the columns on a line that begins with something else, as far as they stand behind that; a rule runs
 * between them.
 *
 * @param from where the first column begins
 */
export function headingsBehind(
  line: Line,
  placed: readonly Placed<ColumnSpec>[],
  sort: SortedBy,
  { from, to, rule, ...marks }: Marks & { readonly from: number; readonly to: number; readonly rule: string },
): Line {
  const out: Span[] = [...line];
  let used = lineWidth(line);
  const ruled = (until: number) => {
    const gap = until - used;
    if (gap > 2) out.push(span(` ${rule.repeat(gap - 2)} `, 'muted'));
    else out.push(span(' '.repeat(Math.max(0, gap))));
  };
  let left = from;
  // one blank more behind what the line begins with
  let gap = GAP + 1;
  for (const one of placed) {
    const { text, tone } = headingCell(one, sort, marks);
    const at = one.column.align === 'right' ? left + one.cells - width(text) : left;
    left += one.cells + GAP;
    if (text === '' || at < used + gap) continue;
    gap = GAP;
    ruled(at);
    out.push(span(text, tone));
    used = at + width(text);
  }
  if (to > used) out.push(span(` ${rule.repeat(Math.max(0, to - used - 1))}`, 'muted'));
  return out;
}
