import { describe, expect, test } from 'vitest';
import { toDate, toTime, toTimestamp } from '../../../../src/ops/import/convert/times.ts';
import { type Cell, type Converter, Refusal } from '../../../../src/ops/import/convert/value.ts';

const by =
  (convert: Converter, notes: string[] = []) =>
  (cell: Cell) => {
    const converted = convert(cell, (note) => notes.push(note));
    return converted instanceof Refusal ? `[${converted.reason}]` : converted;
  };

describe('times of SQLite', () => {
  test('seconds, milliseconds, microseconds, Julian days and text of one column', () => {
    const notes: string[] = [];
    const time = by(toTimestamp({ zone: '+00' }), notes);
    expect(time(1700000000n)).toBe('2023-11-14 22:13:20.000000+00');
    expect(time(1700000000123n)).toBe('2023-11-14 22:13:20.123000+00');
    expect(time(1700000000123456n)).toBe('2023-11-14 22:13:20.123456+00');
    expect(time(1700000000.5)).toBe('2023-11-14 22:13:20.500000+00');
    expect(time('1700000000')).toBe('2023-11-14 22:13:20.000000+00');
    expect(time(2460263.5)).toBe('2023-11-15 00:00:00.000000+00');
    expect(time('2024-02-29T12:30:15.123Z')).toBe('2024-02-29 12:30:15.123+00');
    expect(time('2024-02-29 12:30')).toBe('2024-02-29 12:30+00');
    expect(time('2024-02-29 12:30:15 +05:30')).toBe('2024-02-29 12:30:15+05:30');
    expect(time('2024-02-29')).toBe('2024-02-29 00:00:00+00');
    expect(notes).toEqual([
      ...['epoch_s', 'epoch_ms', 'epoch_us', 'epoch_s', 'epoch_s', 'julian'],
      ...['zoned', 'text', 'zoned', 'day'],
    ]);
  });

  test.each([
    ['2026-13-45', /day that there is not/],
    ['0000-00-00', /day that there is not/],
    ['2023-02-29 00:00:00', /day that there is not/],
    ['2024-01-01 25:00:00', /time of day that there is not/],
    ['2024-01-01 10:00 tomorrow', /something behind/],
    ['', /empty text/],
    ['soon', /no time/],
    [5n, /no plausible time/],
  ] as const)('%s is none', (cell, reason) => {
    expect(by(toTimestamp({ zone: '+00' }))(cell)).toMatch(reason);
  });

  test('what numbers are can be said', () => {
    expect(by(toTimestamp({ zone: '+00', epoch: 'epoch_ms' }))(5000n)).toBe('1970-01-01 00:00:05.000000+00');
    expect(by(toTimestamp({ zone: '+00', epoch: 'epoch_s' }))(-1n)).toBe('1969-12-31 23:59:59.000000+00');
    expect(by(toTimestamp({ zone: '+00', epoch: 'epoch_s' }))(1n << 60n)).toMatch(/beyond the years/);
  });

  test('a type without a zone refuses one, but for UTC', () => {
    const time = by(toTimestamp({ zone: undefined }));
    expect(time('2024-01-01 10:00:00+02:00')).toMatch(/zone/);
    expect(time('2024-01-01 10:00:00Z')).toBe('2024-01-01 10:00:00');
    expect(time(1700000000n)).toBe('2023-11-14 22:13:20.000000');
  });

  test('days and times of day', () => {
    expect(by(toDate)('2024-01-31')).toBe('2024-01-31');
    expect(by(toDate)('2024-01-31 00:00:00.000')).toBe('2024-01-31');
    expect(by(toDate)('2024-01-31 08:00')).toMatch(/would lose/);
    expect(by(toTime)('08:30:00.5')).toBe('08:30:00.5');
    expect(by(toTime)('24:30')).toMatch(/not/);
  });
});
