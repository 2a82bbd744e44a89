import { describe, expect, test } from 'vitest';
import { Model } from '../../../../src/app/core/model.ts';
import { type AnyView, cellText, cellTone } from '../../../../src/app/core/view.ts';
import { indexesView } from '../../../../src/app/views/indexes.ts';
import { viewOf } from '../../../../src/app/views/registry.ts';
import { tablesView } from '../../../../src/app/views/tables.ts';
import { mergeThresholds } from '../../../../src/config/thresholds.ts';
import { type Part, WAITING } from '../../../../src/monitor/snapshot.ts';
import { lineText } from '../../../../src/text/line.ts';

const part = (rows: readonly unknown[]): Part<never> => ({ ...WAITING, status: 'ok', rows: rows as never[] });

/** A model of rows, by the query that they answer. */
function modelOf(rows: Readonly<Record<string, readonly unknown[]>>): Model {
  return new Model({ part: ({ query }) => part(rows[query.id] ?? []), server: undefined }, mergeThresholds());
}

const shown = (view: AnyView, column: string, row: unknown, model = modelOf({})) => {
  const found = view.columns.find(({ id }) => id === column);
  if (found === undefined) throw new Error(`no column ${column}`);
  return [cellText(found, row, model), cellTone(found, row, model)];
};

const session = {
  state: 'active',
  backend_type: 'client backend',
  query_seconds: 2000,
  duration_seconds: 2000,
};
const idle = { ...session, state: 'idle in transaction', state_seconds: 700, duration_seconds: 700 };
const statement = { row: { mean_exec_ms: 150 }, rate: { execMsPerSecond: 20 } };
const table = { total_bytes: 2 * 1024 ** 3, exact: true, stats: undefined };

test.each([
  ['activity', 'age', session, '!!!33m20s', 'critical'],
  ['activity', 'age', idle, '!!11m40s', 'alert'],
  ['statements', 'mean', statement, '!150ms', 'warn'],
  ['statements', 'load', statement, '2.0%', undefined],
  ['tables', 'total', table, '!2.0 GB', 'warn'],
  ['tables', 'dead', { stats: { n_dead_tup: 2000, vacuum_at: 1000 } }, '!2.0k', 'warn'],
  ['database', 'rollback', { rollbackRatio: 0.2 }, '!!20.0%', 'alert'],
  ['database', 'hit', { hitRatio: 0.97, msPerRead: null, blocks: 1e6 }, '!97.0%', 'warn'],
] as const)('%s: %s beyond its threshold has a mark and a tone', (id, column, row, text, tone) => {
  expect(shown(viewOf(id), column, row)).toEqual([text, tone]);
});

test('an index that nobody has scanned: since when, and a finding only after days of statistics', () => {
  const names = { indexrelid: 1, schemaname: 'sales', relname: 'orders', indexrelname: 'n', est_bytes: 8192 };
  const of = (seconds: number) => {
    const model = modelOf({
      'indexes.unused': [{ ...names, supports_fk: false }],
      'indexes.counts': [{ stats_since: '2026-11-01 03:04:05+00', stats_seconds: seconds }],
    });
    return shown(indexesView, 'finding', indexesView.rows(model)[0], model);
  };
  expect(of(240)).toEqual(['unused in 4m00s of statistics', 'muted']);
  expect(of(8 * 86_400)).toEqual(['!unused since 2026-11-01', 'warn']);
});

describe('a table whose counters began anew', () => {
  const sizes = {
    oid: 1,
    schemaname: 'public',
    relname: 'orders',
    est_total_bytes: 0,
    est_heap_bytes: 0,
    est_index_bytes: 0,
  };
  const counted = {
    relid: 1,
    schemaname: 'public',
    relname: 'orders',
    n_dead_tup: 0,
    vacuum_age_seconds: null,
  };
  const rowsOf = (est_rows: number | null, stats: object, seconds = 180) => {
    const model = modelOf({
      'relations.sizes': [{ ...sizes, est_rows }],
      'relations.stats': [{ ...counted, analyze_age_seconds: null, ...stats }],
      'relations.count': [{ tables: 1, stats_since: '2026-11-01 03:04:05+00', stats_seconds: seconds }],
    });
    return { model, row: tablesView.rows(model)[0] };
  };
  const rows = (...args: Parameters<typeof rowsOf>) => {
    const { model, row } = rowsOf(...args);
    return shown(tablesView, 'rows', row, model)[0];
  };

  test('has as many rows as estimated, not as many as were counted since', () => {
    expect(rows(50_000, { n_live_tup: 5 })).toBe('~50k');
    expect(rows(50_000, { n_live_tup: 0 })).toBe('~50k');
    // counted from a VACUUM or ANALYZE on, or from the beginning
    expect(rows(50_000, { n_live_tup: 5, vacuum_age_seconds: 3 })).toBe('5');
    expect(rows(50_000, { n_live_tup: 5, analyze_age_seconds: 3 })).toBe('5');
    expect(rows(5, { n_live_tup: 5 })).toBe('5');
    expect(rows(null, { n_live_tup: 5 })).toBe('5');
  });

  test('was never vacuumed as far as is known, and since when that is', () => {
    const said = (seconds: number) => {
      const { model, row } = rowsOf(5, { n_live_tup: 5 }, seconds);
      const facts = tablesView.detail(row, model).flatMap((section) => section.facts ?? []);
      const headline = tablesView.headline?.(model, [row]) ?? [];
      return [facts.find(([label]) => label === 'last VACUUM')?.[1], lineText(headline)];
    };
    expect(said(180)).toEqual([
      'never since stats reset 3m00s ago',
      expect.stringContaining('never: since stats reset 3m00s ago'),
    ]);
    expect(said(30 * 86_400)).toEqual(['never since 2026-11-01', expect.not.stringContaining('never')]);
  });
});
