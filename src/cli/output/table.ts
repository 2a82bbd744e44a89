import { cleanLine } from '../../text/clean.ts';
import { fit, width } from '../../text/width.ts';
import { jsonText, type OutputColumn, type Row } from './format.ts';

const GAP = '  ';
const NARROWEST = 6;

/** Lines of an aligned table. `room`: cells of the terminal; absent for a file, where nothing is cut. */
export function tableText(rows: readonly Row[], columns: readonly OutputColumn[], room?: number): string[] {
  const all = textsOf(rows, columns);
  const natural = columns.map((_, i) => Math.max(...all.map((line) => width(line[i] ?? ''))));
  const shown = room === undefined ? columns.map((_, i) => i) : fitting(natural, columns, room);
  const least = shown.map((i) => (columns[i]?.whole ? (natural[i] ?? 0) : NARROWEST));
  const widths = shown.map((i) => natural[i] ?? 0);
  const cells = room === undefined ? widths : shrink(widths, least, room - gaps(shown.length));
  return all.map((line) =>
    shown
      .map((from, to) => fit(line[from] ?? '', cells[to] ?? 0, columns[from]?.align))
      .join(GAP)
      .trimEnd(),
  );
}

const gaps = (columns: number) => GAP.length * (columns - 1);

/** The heading, and each row. */
function textsOf(rows: readonly Row[], columns: readonly OutputColumn[]): string[][] {
  const titles = columns.map(({ key, title }) => title ?? key);
  const texts = rows.map((row) =>
    columns.map(({ key, show, own }) => {
      const text = show ? show(row[key], row) : wordOf(row[key]);
      return own ? text : cleanLine(text);
    }),
  );
  return [titles, ...texts];
}

/** Which columns are shown: those to spare go, the last first, while all together have no room as they are. */
function fitting(natural: readonly number[], columns: readonly OutputColumn[], room: number): number[] {
  let shown = columns.map((_, i) => i);
  const over = () => shown.reduce((sum, i) => sum + (natural[i] ?? 0), gaps(shown.length)) > room;
  for (const last of shown.toReversed())
    if (columns[last]?.spare && over()) shown = shown.filter((i) => i !== last);
  return shown;
}

/** Takes from the widest columns until the sum fits; from none so much that less than its least is left. */
function shrink(natural: readonly number[], least: readonly number[], room: number): number[] {
  const cells = [...natural];
  const spare = (i: number) => (cells[i] ?? 0) > (least[i] ?? 0);
  for (let over = cells.reduce((sum, n) => sum + n, 0) - room; over > 0; over--) {
    const [widest] = [...cells.keys()]
      .filter(spare)
      .sort((a, b) => (cells[b] ?? 0) - (cells[a] ?? 0) || a - b);
    if (widest === undefined) break;
    cells[widest] = (cells[widest] ?? 0) - 1;
  }
  return cells;
}

function wordOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? jsonText(value, false) : String(value);
}
