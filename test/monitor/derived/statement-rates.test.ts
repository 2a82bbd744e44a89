import { expect, test } from 'vitest';
import type { statementCounters } from '../../../src/db/queries/statements.ts';
import type { RowOf } from '../../../src/db/query.ts';
import { StatementRates, statementKey } from '../../../src/monitor/derived/statement-rates.ts';

type Counters = RowOf<typeof statementCounters>;

function row(calls: number, more: Partial<Counters> = {}): Counters {
  const key = { userid: 10, dbid: 5, queryid: '77', toplevel: true, stats_since_us: 1 };
  return { ...key, calls, total_exec_ms: calls * 4, rows: calls * 3, ...more } as Counters;
}

test('a statement has rates from its second reading on', () => {
  const rates = new StatementRates();
  rates.observe([row(100)], 0);
  expect(rates.of(row(100))).toBeUndefined();
  rates.observe([row(160)], 10_000);
  expect(rates.of(row(160))).toEqual({ callsPerSecond: 6, execMsPerSecond: 24, meanMs: 4, rowsPerCall: 3 });
});

test('without calls there is no mean', () => {
  const rates = new StatementRates();
  rates.observe([row(100)], 0);
  rates.observe([row(100)], 10_000);
  expect(rates.of(row(100))).toEqual({
    callsPerSecond: 0,
    execMsPerSecond: 0,
    meanMs: null,
    rowsPerCall: null,
  });
});

test('one that was evicted and came back begins anew', () => {
  const rates = new StatementRates();
  rates.observe([row(100)], 0);
  rates.observe([row(3)], 10_000);
  expect(rates.of(row(3))).toBeUndefined();
  const since = new StatementRates();
  since.observe([row(100)], 0);
  since.observe([row(200, { stats_since_us: 2 })], 10_000);
  expect(since.of(row(200))).toBeUndefined();
});

test('the same statement of another user, database or level is another one', () => {
  const rates = new StatementRates();
  rates.observe([row(100), row(1, { toplevel: false })], 0);
  rates.observe([row(110), row(2, { toplevel: false })], 10_000);
  expect(rates.of(row(0, { toplevel: false }))?.callsPerSecond).toBe(0.1);
  expect(rates.of(row(0, { userid: 11 }))).toBeUndefined();
});

test('those that are hidden from this role have no rates: nothing tells one from another', () => {
  const rates = new StatementRates();
  const hidden = (calls: number, max: number) =>
    row(calls, { queryid: null, min_exec_ms: 1, max_exec_ms: max });
  rates.observe([hidden(5, 10), hidden(100, 20)], 0);
  rates.observe([hidden(5, 10), hidden(100, 20)], 10_000);
  expect([rates.of(hidden(5, 10)), rates.of(hidden(100, 20))]).toEqual([undefined, undefined]);
  expect(rates.grown([hidden(5, 10), hidden(100, 20)])).toBeUndefined();
  expect(statementKey(hidden(5, 10))).not.toBe(statementKey(hidden(100, 20)));
});

test('the same rows are taken in once', () => {
  const rates = new StatementRates();
  const rows = [row(100)];
  rates.observe(rows, 0);
  rates.observe(rows, 10_000);
  expect(rates.of(row(100))).toBeUndefined();
});

test('one that was not there when all were read has run since; in a list that was cut nobody knows', () => {
  const first = row(100, { entries: 1 });
  const fresh = row(5, { queryid: '78', entries: 2 });
  const rates = new StatementRates();
  rates.observe([first], 0);
  rates.observe([first, fresh], 10_000);
  expect(rates.of(fresh)?.callsPerSecond).toBe(0.5);
  expect(rates.grown([first, fresh])).toEqual({
    seconds: 10,
    statements: [{ row: fresh, calls: 5, meanMs: 4 }],
  });
  const cut = new StatementRates();
  cut.observe([row(100, { entries: 9 })], 0);
  cut.observe([first, fresh], 10_000);
  expect(cut.of(fresh)).toBeUndefined();
});

test('what grew is told of up to an hour, without what is hidden, and never less than nothing', () => {
  const rates = new StatementRates();
  expect(rates.grown([row(0)])).toBeUndefined();
  for (let minute = 0; minute <= 120; minute++) rates.observe([row(minute)], minute * 60_000);
  expect(rates.grown([row(120)])).toMatchObject({ seconds: 3600, statements: [{ calls: 60, meanMs: 4 }] });
  rates.observe([row(1)], 121 * 60_000);
  expect(rates.grown([row(1)])).toBeUndefined();
  rates.observe([row(1, { queryid: null })], 122 * 60_000);
  rates.observe([row(2, { queryid: null })], 123 * 60_000);
  expect(rates.grown([row(2, { queryid: null })])).toBeUndefined();
});
