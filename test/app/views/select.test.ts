import { describe, expect, test } from 'vitest';
import { Model } from '../../../src/app/core/model.ts';
import { type TableState, tableOf } from '../../../src/app/core/state.ts';
import { initialState } from '../../../src/app/initial.ts';
import { activityView } from '../../../src/app/views/activity.ts';
import { filterOf } from '../../../src/app/views/fields.ts';
import { cursorIndex, shownRows, sortRows, windowOf } from '../../../src/app/views/select.ts';
import { mergeThresholds } from '../../../src/config/thresholds.ts';
import type { ActivityRow } from '../../../src/db/queries/activity.ts';
import { WAITING } from '../../../src/monitor/snapshot.ts';

type Session = ActivityRow;

function session(pid: number, more: Partial<Session> = {}): Session {
  const row = { pid, backend_start_us: pid * 10, datname: 'shop', usename: 'app', application_name: 'web' };
  return {
    ...row,
    state: 'active',
    backend_type: 'client backend',
    wait_event_type: null,
    ...more,
  } as Session;
}

const model = new Model({ part: () => WAITING, server: undefined }, mergeThresholds());
const view = activityView;
const pids = (rows: readonly unknown[]) => rows.map((row) => (row as Session).pid);

describe('the filter', () => {
  const rows = [
    session(1, { query: 'SELECT * FROM 库存流水' }),
    session(2, { query: 'UPDATE payments', usename: 'Billing' }),
    session(3, { query: 'select\u001b[31m\n  1', state: 'idle in transaction' }),
  ];
  test.each([
    ['', [1, 2, 3]],
    ['select', [1, 3]],
    ['SELECT', [1, 3]],
    ['billing', [2]],
    ['库存', [1]],
    ['select 库存', [1]],
    ['!select', [2]],
    ['app !库存', [3]],
    ['!', [1, 2, 3]],
    ['  ', [1, 2, 3]],
    // as it is shown, and as the server calls it
    ['xact', [3]],
    ['transaction', [3]],
    // across what was a line break and a colour
    ['nothing', []],
  ])('%j', (filter, expected) => {
    const found = filterOf(view, filter, model);
    if ('fault' in found) throw new Error(found.fault.message);
    expect(pids(found.hit ? rows.filter(found.hit) : rows)).toEqual(expected);
  });
});

describe('the order', () => {
  const ages = [
    session(1, { duration_seconds: 5 }),
    session(2, { duration_seconds: null }),
    session(3, { duration_seconds: 50 }),
  ];

  test('unknown values come last either way', () => {
    expect(pids(sortRows(view, ages, { column: 'age', descending: true }, model))).toEqual([3, 1, 2]);
    expect(pids(sortRows(view, ages, { column: 'age', descending: false }, model))).toEqual([1, 3, 2]);
  });

  test('numbers are numbers, and equals have an order that does not change', () => {
    expect(
      pids(
        sortRows(view, [session(100), session(20), session(3)], { column: 'pid', descending: false }, model),
      ),
    ).toEqual([3, 20, 100]);
    const equal = [session(2), session(1), session(3)];
    const forwards = pids(sortRows(view, equal, { column: 'user', descending: true }, model));
    expect(pids(sortRows(view, [...equal].reverse(), { column: 'user', descending: true }, model))).toEqual(
      forwards,
    );
  });

  test('an unknown column leaves the rows as they are', () => {
    expect(pids(sortRows(view, ages, { column: 'none', descending: true }, model))).toEqual([1, 2, 3]);
  });
});

describe('the cursor', () => {
  const table = (change: Partial<TableState>): TableState => ({
    ...tableOf(initialState({ columns: 80, rows: 24 }), view.id),
    ...change,
  });
  const rows = [session(1), session(2), session(3)];

  test('follows the row, wherever it stands now', () => {
    expect(cursorIndex(view, rows, table({ selected: '3/30', index: 0 }))).toBe(2);
  });

  test('stays put when the row has vanished, on the last row at most', () => {
    expect(cursorIndex(view, rows, table({ selected: '9/90', index: 1 }))).toBe(1);
    expect(cursorIndex(view, rows, table({ selected: '9/90', index: 7 }))).toBe(2);
    expect(cursorIndex(view, [], table({ selected: '9/90', index: 7 }))).toBe(-1);
  });

  test('a pid that is another session now is another row', () => {
    expect(
      cursorIndex(
        view,
        [session(1), session(3, { backend_start_us: 99 })],
        table({ selected: '3/30', index: 0 }),
      ),
    ).toBe(0);
  });
});

test('the window has the room given and the cursor in it', () => {
  for (let count = 0; count < 12; count++)
    for (let room = 0; room < 9; room++)
      for (let cursor = 0; cursor < count; cursor++) {
        const { from, to } = windowOf(count, cursor, room);
        expect(to - from).toBe(Math.min(count, room));
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(count);
        if (room > 0) expect(cursor >= from && cursor < to, `${count} ${room} ${cursor}`).toBe(true);
      }
});

test('rows are computed once per round', () => {
  const state = initialState({ columns: 80, rows: 24 });
  expect(shownRows(view, model, state)).toBe(shownRows(view, model, state));
  expect(shownRows(view, model, { ...state, round: 1 })).not.toBe(shownRows(view, model, state));
});
