const BLOCKS = [...'▁▂▃▄▅▆▇█'];
const ASCII_BLOCKS = [...'_.-=+*#@'];

/**
 * Values as one line of bars, the newest at the right; unknown ones are blank.
 *
 * @param floor where the scale begins; the highest value is its end
 */
export function sparkline(
  values: readonly number[],
  cells: number,
  options: { ascii?: boolean; floor?: number; ceiling?: number } = {},
): string {
  if (cells <= 0) return '';
  const bars = options.ascii ? ASCII_BLOCKS : BLOCKS;
  const shown = values.slice(-cells);
  const known = shown.filter((v) => !Number.isNaN(v));
  const low = options.floor ?? 0;
  const high = Math.max(options.ceiling ?? 0, ...known, low + Number.EPSILON);
  const line = shown.map((v) => {
    if (Number.isNaN(v)) return ' ';
    const step = Math.round(((v - low) / (high - low)) * (bars.length - 1));
    return bars[Math.min(bars.length - 1, Math.max(0, step))] ?? ' ';
  });
  return line.join('').padStart(cells);
}

/** A bar that says how much is done; `share` from 0 to 1. */
export function progressBar(share: number, cells: number, ascii = false): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * cells);
  return (ascii ? '#' : '█').repeat(full) + (ascii ? '.' : '░').repeat(cells - full);
}
