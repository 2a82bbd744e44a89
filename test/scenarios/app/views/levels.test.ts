import { expect, test } from 'vitest';
import { Model } from '../../../../src/app/core/model.ts';
import { type AnyView, cellText, cellTone } from '../../../../src/app/core/view.ts';
import { indexesView } from '../../../../src/app/views/indexes.ts';
import { viewOf } from '../../../../src/app/views/registry.ts';
import { mergeThresholds } from '../../../../src/config/thresholds.ts';
import { type Part, WAITING } from '../../../../src/monitor/snapshot.ts';

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
