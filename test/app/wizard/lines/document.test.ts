import { expect, test } from 'vitest';
import {
  blockHeight,
  fullTable,
  tableBlock,
  windowBlocks,
} from '../../../../src/app/wizard/lines/document.ts';
import { lineText } from '../../../../src/text/line.ts';
import { width } from '../../../../src/text/width.ts';

const rows = Array.from({ length: 30 }, (_, i) => [String(i), `库存の表 number ${i}`, 'ok']);
const columns = ['n', 'table', ''];

test('a table is as wide as there is room, the widest column gives way, and wide characters are whole', () => {
  for (const room of [20, 40, 80]) {
    const block = tableBlock({ columns, rows }, room, '…');
    if (block.kind !== 'table') throw new Error('no table');
    const total = block.table.titles.reduce((sum, title) => sum + width(title) + 3, 1);
    expect(total).toBeLessThanOrEqual(room);
    const widths = block.table.titles.map(width);
    for (const row of block.table.rows) expect(row.map(width)).toEqual(widths);
    expect(block.table.rows[29]?.[0]?.trim()).toBe('29');
  }
});

test('what is cut in a table is told in full below it', () => {
  const [, below] = fullTable(
    { columns: ['what', 'name'], rows: [['kept', 'shop__before_20261120T170558']] },
    24,
    '…',
  );
  if (below?.kind !== 'lines') throw new Error('no lines');
  expect(below.lines.map((line) => lineText(line).trim()).join('')).toContain('shop__before_20261');
  const [, none] = fullTable({ columns: ['what'], rows: [['kept']] }, 24, '…');
  expect(none && blockHeight(none)).toBe(0);
});

test('where the headings would be cut each row is told with them', () => {
  const table = {
    columns: ['table', 'size before', 'size after'],
    rows: [['public.audit_log', '17 MB', '']],
  };
  const [only, ...none] = fullTable(table, 36, '…');
  expect(none).toEqual([]);
  if (only?.kind !== 'lines') throw new Error('a table');
  expect(only.lines.map(lineText)).toEqual(['  public.audit_log', '    size before: 17 MB']);
  expect(fullTable(table, 80, '…')[0]?.kind).toBe('table');
});

test('of sentences that would stand there cut and once more in full each row is told with its headings', () => {
  const sentences = Array.from({ length: 4 }, (_, i) => [`item ${i}`, 'a sentence that goes on for long']);
  const told = fullTable({ columns: ['what', 'how'], rows: sentences }, 30, '…');
  expect(told).toHaveLength(1);
  if (told[0]?.kind !== 'lines') throw new Error('a table');
  expect(told[0].lines.map(lineText).slice(0, 2)).toEqual(['  item 0', '    how: a sentence that goes']);
  // and one row is enough that would go on for several lines
  const row = ['item', `${'word '.repeat(20)}end.`, 'do'];
  const [only] = fullTable({ columns: ['what', 'why', 'how'], rows: [row] }, 30, '…');
  if (only?.kind !== 'lines') throw new Error('a table');
  expect(only.lines.map(lineText).at(-1)).toBe('    how: do');
  const short = sentences.map(([item = ''], i) => [
    item,
    i < 2 ? 'short' : 'a sentence that goes on for long',
  ]);
  expect(fullTable({ columns: ['what', 'how'], rows: short }, 30, '…')[0]?.kind).toBe('table');
});

test('scrolled line by line every row of a long table is seen, and nothing is higher than the window', () => {
  const block = tableBlock({ columns, rows }, 60, '…');
  const height = blockHeight(block);
  const seen = new Set<string>();
  for (let skip = 0; skip <= height - 8; skip++) {
    const placed = windowBlocks([block], skip, 8);
    expect(placed.reduce((sum, part) => sum + part.height, 0)).toBe(8);
    for (const part of placed) {
      if (part.kind !== 'table') continue;
      // three lines of heading stand above the rows, and some of all that is scrolled away
      const from = 3 - (part.hidden ?? 0);
      part.table.rows.forEach((row, i) => {
        if (from + i >= 0 && from + i < part.height) seen.add(row[0]?.trim() ?? '');
      });
    }
  }
  expect(seen.size).toBe(30);
});
