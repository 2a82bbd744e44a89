import { expect, test } from 'vitest';
import { LogClock } from '../../src/log/clock.ts';
import { csvReader } from '../../src/log/formats/csv.ts';
import { jsonReader } from '../../src/log/formats/json.ts';
import { stderrReader } from '../../src/log/formats/stderr.ts';
import { LogReader } from '../../src/log/reader.ts';
import { beginningOf } from '../../src/log/search.ts';
import type { LogFile, LogSource } from '../../src/log/source.ts';
import { all } from './stage.ts';

const clock = new LogClock(new Map());
const stderr = stderrReader(clock, '%m [%p] ', false);
const START = Date.UTC(2026, 10, 29);
/** A log of 64 GB that is nowhere: a line of 100 bytes each tenth of a second, each tenth one followed by a long statement. */
const LINE = 100;
const LINES = 640_000_000;
const TENTH = 100;

function line(n: number): string {
  const time = new Date(START + n * TENTH).toISOString().replace('T', ' ').replace('Z', ' UTC');
  return n % 10 === 9
    ? `\t${'x'.repeat(LINE - 2)}\n`
    : `${`${time} [7] LOG:  number ${n}`.padEnd(LINE - 1)}\n`;
}

function endless(most: number): { source: LogSource; file: LogFile; bytesRead: () => number } {
  let bytesRead = 0;
  const file: LogFile = {
    id: '1',
    name: 'log',
    format: 'stderr',
    size: LINES * LINE,
    modified: START + LINES * TENTH,
  };
  const source: LogSource = {
    place: 'nowhere',
    piece: 2 ** 18,
    most,
    formats: async () => ['stderr'],
    list: async () => [file],
    read: async (_, offset, length) => {
      const first = Math.floor(offset / LINE);
      const last = Math.min(LINES, Math.ceil((offset + length) / LINE));
      const text = Array.from({ length: Math.max(0, last - first) }, (_each, n) => line(first + n)).join('');
      const bytes = Buffer.from(text).subarray(offset - first * LINE, offset - first * LINE + length);
      bytesRead += bytes.length;
      return bytes;
    },
    heads: async () => [Buffer.from(line(0))],
  };
  return { source, file, bytesRead: () => bytesRead };
}

test.each([
  ['an hour before its end', LINES - 36_000],
  ['somewhere', 123_456_789],
  ['at its beginning', 0],
])('%s of a huge log is found with few reads', async (_, n) => {
  const { source, file, bytesRead } = endless(Number.POSITIVE_INFINITY);
  const since = START + n * TENTH;
  const from = await beginningOf(source, stderr, file, since);
  // a minute before, since entries are not in their order to the millisecond; and not much more
  expect(from).toBeLessThanOrEqual(Math.max(0, (n - 600) * LINE));
  expect(from).toBeGreaterThan((n - 600) * LINE - 2 ** 19);
  expect(bytesRead()).toBeLessThan(4_000_000);
});

test('no more is read than may be, the newest; what it begins with is told', async () => {
  const { source, bytesRead } = endless(1_000_000);
  const reader = new LogReader(source, { stderr, csvlog: csvReader(clock), jsonlog: jsonReader(clock) });
  const since = START + (LINES - 36_000) * TENTH;
  const found = await all(reader.since(since, await reader.begin(), source.most));
  expect(found.length).toBeGreaterThan(8_500);
  expect([...found, ...reader.finish()].at(-1)?.message).toContain(`number ${LINES - 2}`);
  expect(reader.cut).toBe(true);
  expect(reader.covered).toBe(found[0]?.at);
  expect(bytesRead()).toBeLessThan(6_000_000);
});
