import type { ResultTable } from '../../../ops/engine/plan.ts';
import { cleanLine } from '../../../text/clean.ts';
import { type Line, span } from '../../../text/line.ts';
import { fit, width, wrap } from '../../../text/width.ts';
import { recordLines } from '../../screen/reading.ts';

/** A table whose cells are clean and as wide as their columns, heading aside. */
export interface TableBlock {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A piece of a text with tables in it. */
export type Block =
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  | { readonly kind: 'table'; readonly table: TableBlock };

/** What of a block is on the screen, in so many rows; of a table, some of the first are scrolled away. */
export type PlacedBlock = Block & { readonly height: number; readonly hidden?: number };

/** Frame, heading and the line below it. */
const FRAME = 4;
/** Lines above the first row. */
const HEADING = 3;
/** Blanks beside each cell and the line after it. */
const BESIDE = 3;
const LEAST_CELLS = 4;
/** Rows told in full below a table that is too narrow for them. */
const CUT_LISTED = 30;
/** From so many rows on one most of which are cut is told in rows alone: it would stand there twice. */
const TWICE = 4;

export function blockHeight(block: Block): number {
  return block.kind === 'lines' ? block.lines.length : block.table.rows.length + FRAME;
}

/** A table in at most so many columns of the terminal: what is too wide gives way, the widest first. */
export function tableBlock(
  { columns, rows }: Pick<ResultTable, 'columns' | 'rows'>,
  room: number,
  more: string,
): Block {
  if (rows.length === 0) return { kind: 'lines', lines: [[span('  none', 'muted')]] };
  const clean = rows.map((row) => columns.map((_, i) => cleanLine(row[i] ?? '')));
  const titles = columns.map((title) => cleanLine(title));
  const cells = titles.map((title, i) => Math.max(width(title), ...clean.map((row) => width(row[i] ?? ''))));
  const total = () => cells.reduce((sum, cell) => sum + cell + BESIDE, 1);
  while (total() > room && Math.max(...cells) > LEAST_CELLS) {
    const widest = cells.indexOf(Math.max(...cells));
    cells[widest] = Math.max(LEAST_CELLS, (cells[widest] ?? 0) - Math.max(1, Math.min(total() - room, 4)));
  }
  const fitted = (row: readonly string[]) => row.map((text, i) => fit(text, cells[i] ?? 0, 'left', more));
  return {
    kind: 'table',
    table: { titles: fitted(titles), rows: clean.map(fitted) },
  };
}

/**
 * A table, and below it in full what had to be cut in it. One whose headings had to be cut says nothing, and of one with
 * sentences little is left: then each row is told with its headings.
 */
export function fullTable(table: Pick<ResultTable, 'columns' | 'rows'>, room: number, more: string): Block[] {
  const block = tableBlock(table, room, more);
  if (block.kind === 'lines') return [block];
  const titles = table.columns.map((title) => cleanLine(title));
  const rows = table.rows.map((row) => titles.map((_, i) => cleanLine(row[i] ?? '')));
  const cut = rows.filter((row, at) => row.some((text, i) => isCut(text, block.table.rows[at]?.[i])));
  const little =
    titles.some((title, i) => isCut(title, block.table.titles[i])) ||
    (cut.length >= TWICE && cut.length * 2 > rows.length) ||
    cut.some((row) => row.reduce((sum, text) => sum + width(text) + BESIDE, 1) > room * 2);
  if (rows.length <= CUT_LISTED && little)
    return [{ kind: 'lines', lines: rows.flatMap((row) => recordLines(titles, row, room)) }];
  const lines = cut.slice(0, CUT_LISTED).flatMap((row) => wrap(row.join('  '), room - 3));
  return [block, { kind: 'lines', lines: lines.map((text): Line => [span(`  ${text}`, 'muted')]) }];
}

const isCut = (text: string, shown: string | undefined) => text.trimEnd() !== shown?.trimEnd();

/** The blocks that are seen in so many rows, the first `skip` lines of all scrolled away. */
export function windowBlocks(blocks: readonly Block[], skip: number, rows: number): readonly PlacedBlock[] {
  const placed: PlacedBlock[] = [];
  let before = 0;
  for (const block of blocks) {
    const height = blockHeight(block);
    const from = Math.max(0, skip - before);
    const to = Math.min(height, skip + rows - before);
    before += height;
    if (to > from) placed.push(part(block, from, to, height));
  }
  return placed;
}

/** Of a long table only the rows that are seen are drawn. */
function part(block: Block, from: number, to: number, height: number): PlacedBlock {
  const seen = to - from;
  if (block.kind === 'lines') return { kind: 'lines', lines: block.lines.slice(from, to), height: seen };
  if (seen === height) return { ...block, height };
  const first = Math.max(0, Math.min(from - HEADING, block.table.rows.length - 1));
  const rows = block.table.rows.slice(first, first + seen + HEADING);
  return { kind: 'table', table: { ...block.table, rows }, height: seen, hidden: from - first };
}
