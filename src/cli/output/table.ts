import { cleanLine } from '../../text/clean.ts';
import { fit, width } from '../../text/width.ts';
import { jsonText, type OutputColumn, type Row } from './format.ts';

const GAP = '  ';
const NARROWEST = 6;

/** Lines of an aligned table. `room`: cells of the terminal; absent for a file, where nothing is cut. */
export function tableText(rows: readonly Row[], columns: readonly OutputColumn[], room?: number): string[] {
  const titles = columns.map(({ key, title }) => title ?? key);
  const texts = rows.map((row) =>
    columns.map(({ key, show, own }) => {
      const text = show ? show(row[key], row) : wordOf(row[key]);
      return own ? text : cleanLine(text);
    }),
  );
  const natural = titles.map((title, i) =>
    Math.max(width(title), ...texts.map((line) => width(line[i] ?? ''))),
  );
  const cells = room === undefined ? natural : shrink(natural, room - GAP.length * (columns.length - 1));
  const line = (parts: readonly string[]) =>
    parts
      .map((part, i) => fit(part, cells[i] ?? 0, columns[i]?.align))
      .join(GAP)
      .trimEnd();
  return [line(titles), ...texts.map(line)];
}

/** Takes from the widest columns until the sum fits. */
function shrink(natural: readonly number[], room: number): number[] {
  const cells = [...natural];
  for (let over = cells.reduce((sum, n) => sum + n, 0) - room; over > 0; over--) {
    const widest = cells.indexOf(Math.max(...cells));
    if ((cells[widest] ?? 0) <= NARROWEST) break;
    cells[widest] = (cells[widest] ?? 0) - 1;
  }
  return cells;
}

function wordOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? jsonText(value, false) : String(value);
}
