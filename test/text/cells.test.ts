import { describe, expect, test } from 'vitest';
import { VIEWS } from '../../src/app/views/registry.ts';
import {
  type ColumnSpec,
  headingLine,
  headingsBehind,
  placeColumns,
  tableLine,
} from '../../src/text/cells.ts';
import { lineText, lineWidth, span } from '../../src/text/line.ts';

const columns: ColumnSpec[] = [
  { id: 'pid', title: 'PID', width: 7, align: 'right', priority: 1 },
  { id: 'user', title: 'USER', width: 10, priority: 3 },
  { id: 'wait', title: 'WAIT', width: 8, priority: 2 },
  { id: 'query', title: 'QUERY', width: 12, priority: 1, grow: true },
];
const ids = (room: number, of: readonly ColumnSpec[] = columns) =>
  placeColumns(of, room).map(({ column }) => column.id);
const used = (room: number, of: readonly ColumnSpec[] = columns) => {
  const placed = placeColumns(of, room);
  return placed.reduce((sum, { cells }) => sum + cells, 0) + placed.length - 1;
};

describe.each(VIEWS.map((view) => [view.id, view] as const))('%s', (_, view) => {
  test('fits into any room from 20 cells, and keeps its most important columns', () => {
    const first = view.columns.filter((c) => c.priority === 1);
    const least = first.reduce((sum, c) => sum + c.width, 0) + first.length - 1;
    for (let room = 20; room <= 300; room++) {
      expect(used(room, view.columns), `${room}`).toBeLessThanOrEqual(room);
      const kept = ids(room, view.columns);
      if (room >= least) for (const { id } of first) expect(kept, `${room}`).toContain(id);
    }
    // 60 columns less the gutter
    expect(least).toBeLessThanOrEqual(58);
  });

  test('has whole words for headings, at any width and however it is sorted', () => {
    for (let room = 60; room <= 200; room += 7) {
      const placed = placeColumns(view.columns, room);
      for (const column of view.columns)
        for (const sort of [undefined, { column: column.id, descending: true }]) {
          const heading = headingLine(placed, sort, { up: '^', down: 'v' });
          const cells = heading
            .filter((_, i) => i % 2 === 0)
            .map(({ text }) => text.trim().replace(/v$/, ''));
          placed.forEach((one, i) => {
            expect([one.column.title, one.column.short], `${room}`).toContain(cells[i]);
          });
        }
    }
  });

  test('fills the room when a column grows, from its least width on', () => {
    if (!view.columns.some((c) => c.grow)) return;
    for (const room of [120, 200, 300])
      if (ids(room, view.columns).includes(view.columns.find((c) => c.grow)?.id ?? ''))
        expect(used(room, view.columns)).toBe(room);
  });
});

test('columns go by priority, the last of equals first', () => {
  expect(ids(40)).toEqual(['pid', 'user', 'wait', 'query']);
  expect(ids(39)).toEqual(['pid', 'wait', 'query']);
  expect(ids(28)).toEqual(['pid', 'query']);
  expect(ids(19)).toEqual(['pid']);
  expect(placeColumns(columns, 4)).toMatchObject([{ column: { id: 'pid' }, cells: 4 }]);
  expect(placeColumns(columns, 0)).toMatchObject([{ cells: 0 }]);
  expect(placeColumns([], 10)).toEqual([]);
});

test('a text shrinks before others give way for it, and gets its width back first', () => {
  const shrinking = columns.map((c) => (c.id === 'user' ? { ...c, least: 8 } : c));
  const cells = (room: number) => placeColumns(shrinking, room).map((one) => one.cells);
  expect(cells(38)).toEqual([7, 8, 8, 12]);
  expect(cells(39)).toEqual([7, 9, 8, 12]);
  expect(cells(42)).toEqual([7, 10, 8, 14]);
  expect(ids(37, shrinking)).toEqual(['pid', 'wait', 'query']);
});

test('a growing column has its share where the table is wide', () => {
  const shared = columns.map((c) => (c.grow ? { ...c, share: 0.8 } : c));
  expect(ids(97, shared)).toEqual(['pid', 'user', 'wait', 'query']);
  expect(placeColumns(shared, 98).map(({ column, cells }) => [column.id, cells])).toEqual([
    ['pid', 7],
    ['wait', 8],
    ['query', 81],
  ]);
});

test('no view has a column of text of fewer than eight cells beside others', () => {
  for (const view of VIEWS)
    for (let room = 38; room <= 300; room++)
      for (const { column, cells } of placeColumns(view.columns, room))
        if (column.grow) expect(cells, `${view.id} ${column.id} in ${room}`).toBeGreaterThanOrEqual(8);
  const short = VIEWS.flatMap(({ columns }) => columns.filter(({ least = 8 }) => least < 8));
  expect(short).toEqual([]);
});

test('headings stand behind a title as far as it leaves them room', () => {
  const placed = placeColumns(columns, 58);
  const at = { from: 2, to: 60, rule: '-', up: '^', down: 'v' };
  const line = headingsBehind([span('  Activity ')], placed, { column: 'wait', descending: true }, at);
  expect(lineText(line)).toBe('  Activity  -------- WAITv -- QUERY ------------------------');
  expect(lineText(headingLine(placed, undefined, at)).indexOf('QUERY') + 2).toBe(
    lineText(line).indexOf('QUERY'),
  );
});

test('only the growing column grows', () => {
  expect(placeColumns(columns, 60).map(({ cells }) => cells)).toEqual([7, 10, 8, 32]);
});

test('a row has every cell in its column, whatever the text', () => {
  const placed = placeColumns(columns, 50);
  const line = tableLine(
    [{ text: '4711' }, { text: '库存流水账管理' }, { text: '' }, { text: 'x'.repeat(99) }],
    placed,
  );
  expect(lineText(line)).toBe(`   4711 库存流水…           ${'x'.repeat(21)}…`);
  expect(lineWidth(line)).toBe(50);
  expect(lineWidth(tableLine([], placed))).toBe(50);
});

test('the heading carries the direction of the sort; where the title fills the column, a short one does, or the title is whole', () => {
  const marks = { up: '▲', down: '▼' };
  const heading = (column: string, descending: boolean, of = columns) =>
    lineText(headingLine(placeColumns(of, 50), { column, descending }, marks));
  expect(heading('pid', true)).toContain('PID▼');
  expect(heading('pid', false)).toContain('PID▲');
  const narrow: ColumnSpec[] = [{ id: 'age', title: 'SECONDS', width: 7, align: 'right', priority: 1 }];
  expect(heading('age', true, narrow)).toBe('SECONDS');
  expect(
    heading(
      'age',
      true,
      narrow.map((one) => ({ ...one, short: 'SECS' })),
    ),
  ).toBe('  SECS▼');
});
