import { expect, test } from 'vitest';
import type { Deck } from '../../../src/app/core/deck.ts';
import { Model } from '../../../src/app/core/model.ts';
import { sparklineLine } from '../../../src/app/screen/sparklines.ts';
import { mergeThresholds } from '../../../src/config/thresholds.ts';
import { WAITING } from '../../../src/monitor/snapshot.ts';
import { lineText, lineWidth } from '../../../src/text/line.ts';

function line(columns: number, tps: readonly number[], wal: readonly number[], waited?: number): string {
  const model = new Model({ part: () => WAITING, server: undefined }, mergeThresholds());
  for (const value of tps) model.vitals.series.tps.push(value);
  for (const value of wal) model.vitals.series.wal.push(value);
  if (waited !== undefined)
    model.vitals.waitingPeak = { count: waited, at: new Date(2026, 0, 2, 10, 14).getTime() };
  const drawn = sparklineLine({ model, ascii: false } as unknown as Deck, columns);
  expect(lineWidth(drawn)).toBe(columns);
  return lineText(drawn);
}

test('an idle server draws a flat line: a transaction now and then and some WAL are nothing', () => {
  const idle = line(120, [0.4, 0, 0.9, 0.1], [0, 8000, 200, 9999]);
  expect(idle).toMatch(/ tps +▁▁▁▁ 0-1 /);
  expect(idle).toMatch(/ WAL\/s +▁▁▁▁ 0 B-9\.8 kB/);
});

test('what happens is drawn, with the lowest and the highest value', () => {
  expect(line(120, [10, 40, 210], [0, 3e6])).toMatch(/ tps +▁▂▄ 10-210 /);
});

test('who waited at most and when, where there is room', () => {
  expect(line(120, [1], [1], 12)).toMatch(/ max 12 waiting at 10:14 $/);
  expect(line(120, [1], [1], 0)).not.toContain('waiting');
});

test('every width is filled exactly', () => {
  for (let columns = 40; columns <= 300; columns++) line(columns, [1, 2], [3], columns % 2 ? 57 : undefined);
});
