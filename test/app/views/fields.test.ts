import { describe, expect, test } from 'vitest';
import { Model } from '../../../src/app/core/model.ts';
import type { AnyView } from '../../../src/app/core/view.ts';
import { activityView } from '../../../src/app/views/activity.ts';
import { fieldsOf, filterOf } from '../../../src/app/views/fields.ts';
import { indexesView } from '../../../src/app/views/indexes.ts';
import { VIEWS } from '../../../src/app/views/registry.ts';
import { tablesView } from '../../../src/app/views/tables.ts';
import { mergeThresholds } from '../../../src/config/thresholds.ts';
import type { ActivityRow } from '../../../src/db/queries/activity.ts';
import { WAITING } from '../../../src/monitor/snapshot.ts';

const model = new Model({ part: () => WAITING, server: undefined }, mergeThresholds());

function found<Row>(view: AnyView, rows: readonly Row[], filter: string): readonly Row[] {
  const made = filterOf(view, filter, model);
  if ('fault' in made) throw new Error(made.fault.message);
  return made.hit ? rows.filter(made.hit) : rows;
}

describe('what views declare', () => {
  test.each(VIEWS.map((view) => [view.id, view] as const))('%s: every name means one field', (_, view) => {
    const names = fieldsOf(view).flatMap(({ name, also = [] }) => [name, ...also]);
    expect(names.filter((name) => !/^[a-z][a-z0-9_]*$/.test(name))).toEqual([]);
    expect(names.filter((name, i) => names.indexOf(name) < i)).toEqual([]);
    expect(names.includes('database')).toBe(names.includes('db'));
  });

  test.each(VIEWS.map((view) => [view.id, view] as const))('%s: its figures can be compared', (_, view) => {
    const texts = view.columns.filter((c) => c.align === 'right' && (c.field?.kind ?? 'text') === 'text');
    expect(texts.map(({ id }) => id)).toEqual([]);
  });
});

describe('sessions', () => {
  const session = (pid: number, more: Partial<ActivityRow>): ActivityRow =>
    ({
      ...{ pid, backend_start_us: pid, datname: 'shop', usename: 'app', application_name: 'web' },
      ...{ state: 'active', backend_type: 'client backend', wait_event_type: null, wait_event: null },
      ...{ client_addr: null, duration_seconds: 1, xact_seconds: null, query: 'SELECT 1', query_id: null },
      ...more,
    }) as ActivityRow;
  const rows = [
    session(1, { duration_seconds: 62, wait_event_type: 'Lock', wait_event: 'relation' }),
    session(2, { usename: 'apple', datname: 'shop_test', duration_seconds: 31 }),
    session(3, {
      state: 'idle in transaction',
      duration_seconds: 30.4,
      xact_seconds: 400,
      query: 'update Orders set id=5',
    }),
    session(4, { usename: null, datname: null, application_name: null, duration_seconds: null, query: null }),
    session(5, { state: 'idle', usename: 'other', query: 'select\u001b[31m\n  "x" from 库存' }),
  ];
  test.each([
    ['user:app', [1, 2, 3]],
    ['user=app', [1, 3]],
    ['user=APP', [1, 3]],
    ['!user:app', [4, 5]],
    ['user:""', [4]],
    ['!user=""', [1, 2, 3, 5]],
    ['app:web', [1, 2, 3, 5]],
    ['db:shop', [1, 2, 3, 5]],
    ['db=shop', [1, 3, 5]],
    ['age>30s', [1, 2, 3]],
    ['age>=30s', [1, 2, 3]],
    ['age=30s', [3]],
    ['age<=31s', [2, 3, 5]],
    ['!age>30s', [4, 5]],
    ['xact>5m', [3]],
    ['wait:lock', [1]],
    ['wait=lock:relation', [1]],
    // as it is shown, and as the server calls it
    ['state:xact', [3]],
    ['state:transaction', [3]],
    ['state=idle', [5]],
    ['!idle', [1, 2, 4]],
    ['pid=1', [1]],
    ['pid>=3', [3, 4, 5]],
    ['/^SELECT 1$/', [1, 2]],
    ['query:/^select/i', [1, 2, 5]],
    ['query:/^select "x"/', [5]],
    ['"select \\"x\\" from"', [5]],
    ['"id=5"', [3]],
    ['query:库', [5]],
    ['user:app age>30s wait:lock db:shop !idle /^Lock:/', [1]],
    ['type:client', [1, 2, 3, 4, 5]],
  ])('%s', (filter, expected) => {
    expect(found(activityView, rows, filter).map(({ pid }) => pid)).toEqual(expected);
  });

  test('a filter that is wrong is a fault, and finds nobody', () => {
    expect(filterOf(activityView, 'age>30', model)).toEqual({
      fault: { at: 4, term: 0, message: expect.any(String) },
    });
  });
});

test('tables: sizes, and those that were never vacuumed', () => {
  const table = (relname: string, total_bytes: number | null, age: number | null) => ({
    ...{ oid: 1, schemaname: 'public', relname, total_bytes, table_bytes: 0, index_bytes: 0, exact: true },
    ...{ locked: false, rows: 12_000, rows_counted: true, est_rows: 0 },
    stats: {
      vacuum_age_seconds: age,
      analyze_age_seconds: 5,
      n_dead_tup: 0,
      n_tup_upd: 10,
      n_tup_hot_upd: 5,
    },
  });
  const rows = [
    table('small', 8192, 60),
    table('large', 20 * 1024 ** 2, null),
    table('locked', null, 864_000),
  ];
  const names = (filter: string) => found(tablesView, rows, filter).map(({ relname }) => relname);
  expect(names('size>10MB')).toEqual(['large']);
  expect(names('total="8 kB"')).toEqual(['small']);
  expect(names('vacuum>7d')).toEqual(['large', 'locked']);
});

test('indexes: what a column is sorted by is no text of it', () => {
  const rows = [{ schemaname: 'public', indexrelname: 'a', finding: 'invalid', remark: '', est_bytes: 0 }];
  expect(found(indexesView, rows, 'finding:invalid')).toHaveLength(1);
  // its order is a number of nineteen digits
  expect(found(indexesView, rows, 'finding:4')).toHaveLength(0);
});
