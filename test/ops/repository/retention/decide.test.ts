import { expect, test } from 'vitest';
import { type Candidate, decide, periodOf } from '../../../../src/ops/repository/retention/decide.ts';
import {
  DEFAULT_KEEP_SAFETY,
  type KeepRule,
  parseKeep,
} from '../../../../src/ops/repository/retention/rule.ts';
import { random } from '../../../text/random.ts';

const DAY = 86_400_000;
const BEGIN = new Date(2024, 0, 1, 3, 0).getTime();

function rule(text: string): KeepRule {
  const parsed = parseKeep(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.rule;
}

const backup = (id: string, at: number, more: Partial<Candidate> = {}): Candidate => ({
  id,
  group: 'shop',
  at,
  good: true,
  pinned: false,
  inUse: false,
  ...more,
});

const kept = (candidates: readonly Candidate[], text: string, now: number) =>
  decide(candidates, rule(text), now)
    .filter((one) => one.keep)
    .map((one) => one.id);

/** Lives with a rule: a backup every night, one in twelve fails, none for the days of an outage. */
function simulate(text: string, days: number, outage: readonly [number, number]) {
  const next = random(7);
  let stock: Candidate[] = [];
  const seen: { day: number; good: Candidate[]; all: Candidate[] }[] = [];
  for (let day = 0; day < days; day++) {
    const now = new Date(2024, 0, 1 + day, 3, 0).getTime();
    const down = day >= outage[0] && day < outage[1];
    const good = !down && next(100) >= 8;
    if (!down) stock.push(backup(`d${day}`, now, { good }));
    // retention runs after a success only
    if (good) {
      const decisions = new Map(decide(stock, rule(text), now).map((one) => [one.id, one.keep]));
      stock = stock.filter((one) => decisions.get(one.id) === true);
    }
    seen.push({ day, good: stock.filter((one) => one.good), all: stock });
  }
  return seen;
}

test('1000 nights with failures and an outage of 60 days: never empty, bounded, a year is covered', () => {
  const seen = simulate('7 daily 4 weekly 12 monthly min 2', 1000, [500, 560]);
  for (const { day, good } of seen.slice(30)) expect(good.length, `day ${day}`).toBeGreaterThanOrEqual(2);
  expect(Math.max(...seen.map(({ good }) => good.length))).toBeLessThanOrEqual(7 + 4 + 12);
  const inOutage = seen[559]?.good.length ?? 0;
  expect(inOutage).toBe(seen[499]?.good.length);
  const months = new Set(seen.at(-1)?.good.map((one) => periodOf('monthly', new Date(one.at))));
  expect(months.size).toBeGreaterThanOrEqual(12);
  // failures do not pile up
  expect(Math.max(...seen.map(({ all, good }) => all.length - good.length))).toBeLessThanOrEqual(8);
});

test('what was decided once is decided again: nothing more goes', () => {
  const next = random(11);
  for (let round = 0; round < 50; round++) {
    const stock = Array.from({ length: 60 }, (_, n) =>
      backup(`b${n}`, BEGIN + next(400 * 24) * (DAY / 24), { good: next(10) > 0 }),
    );
    const now = BEGIN + 401 * DAY;
    const first = kept(stock, '5 daily 3 weekly 6 monthly last 2 min 2', now);
    const again = kept(
      stock.filter((one) => first.includes(one.id)),
      '5 daily 3 weekly 6 monthly last 2 min 2',
      now,
    );
    expect(again).toEqual(first);
  }
});

test('an age alone would remove everything after an outage; the newest good one and the minimum stay', () => {
  const stock = [backup('a', BEGIN), backup('b', BEGIN + DAY), backup('c', BEGIN + 2 * DAY)];
  expect(kept(stock, '30 days', BEGIN + 90 * DAY)).toEqual(['c']);
  expect(kept(stock, '30 days min 2', BEGIN + 90 * DAY)).toEqual(['b', 'c']);
});

test('a failed one does not count, and does not push out a good one', () => {
  const stock = [
    backup('good', BEGIN),
    ...Array.from({ length: 20 }, (_, n) => backup(`failed${n}`, BEGIN + (n + 1) * DAY, { good: false })),
  ];
  const left = kept(stock, 'last 3', BEGIN + 21 * DAY);
  expect(left).toContain('good');
  expect(left.filter((id) => id.startsWith('failed'))).toHaveLength(6);
});

test('while there is no good one, nothing goes', () => {
  const stock = Array.from({ length: 5 }, (_, n) => backup(`f${n}`, BEGIN + n * DAY, { good: false }));
  expect(kept(stock, 'last 1', BEGIN + 400 * DAY)).toHaveLength(5);
});

test('pinned ones and those in use stay', () => {
  const stock = [
    backup('old', BEGIN, { pinned: true }),
    backup('read', BEGIN + DAY, { inUse: true }),
    backup('gone', BEGIN + 2 * DAY),
    backup('new', BEGIN + 9 * DAY),
  ];
  expect(kept(stock, 'last 1', BEGIN + 9 * DAY)).toEqual(['old', 'read', 'new']);
});

test('databases and scopes do not push each other out', () => {
  const stock = [
    backup('full', BEGIN),
    backup('schema1', BEGIN + DAY, { group: 'shop schema_only' }),
    backup('schema2', BEGIN + 2 * DAY, { group: 'shop schema_only' }),
    backup('other', BEGIN - 300 * DAY, { group: 'stock' }),
  ];
  expect(kept(stock, 'last 1', BEGIN + 3 * DAY)).toEqual(['full', 'schema2', 'other']);
});

test('every decision says why', () => {
  const stock = [backup('a', BEGIN), backup('b', BEGIN + DAY)];
  expect(decide(stock, rule('last 1'), BEGIN + DAY)).toEqual([
    { id: 'a', keep: false, because: 'older than the rule keeps' },
    { id: 'b', keep: true, because: 'one of the last 1' },
  ]);
});

test.each([
  [new Date(2021, 0, 3, 12), '2020-W53'],
  [new Date(2021, 0, 4, 12), '2021-W01'],
  [new Date(2024, 11, 30, 12), '2025-W01'],
  [new Date(2026, 10, 20, 12), '2026-W47'],
  [new Date(2027, 0, 1, 0, 30), '2026-W53'],
])('%s is in week %s', (at, week) => {
  expect(periodOf('weekly', at)).toBe(week);
});

test('one from the future is kept, and is neither the newest nor that of a day', () => {
  const now = BEGIN + 3 * DAY;
  const stock = [
    backup('old', BEGIN),
    backup('today', now),
    backup('2099', new Date(2099, 0, 1).getTime()),
    backup('2099b', new Date(2099, 0, 2).getTime(), { good: false }),
  ];
  expect(kept(stock, 'last 1', now)).toEqual(['today', '2099', '2099b']);
  expect(kept(stock, '1 daily', now)).toEqual(['today', '2099', '2099b']);
  expect(decide(stock, rule('last 1'), now)[2]?.because).toMatch(/future.*clock/);
  // this machine's clock is behind: nothing is known to be old
  expect(kept(stock, 'last 1', BEGIN - 300 * DAY)).toHaveLength(4);
  // of two machines one is ahead a little
  expect(kept([backup('a', now - DAY), backup('b', now + 60_000)], 'last 1', now)).toEqual(['b']);
});

test('a damaged one is not the newest of its day, and two of one time are told apart', () => {
  const day = new Date(2026, 10, 20, 1).getTime();
  const stock = [
    backup('good', day),
    backup('twin', day),
    backup('damaged', day + 3_600_000, { good: false }),
    backup('before', day - DAY),
  ];
  expect(kept(stock, '2 daily', day + 30 * DAY)).toEqual(['good', 'before']);
});

test('safety backups go by their rule: of the newest three or not older than a week', () => {
  const stock = [
    ...[0, 1, 6, 7, 8, 20].map((days) => backup(`safety${days}`, BEGIN - days * DAY, { group: 'safety' })),
    ...[30, 31, 40].map((days) => backup(`rare${days}`, BEGIN - days * DAY, { group: 'safety of stock' })),
    backup('rare99', BEGIN - 99 * DAY, { group: 'safety of stock' }),
    backup('mine', BEGIN - 9 * DAY),
  ];
  const decided = decide(
    stock,
    ({ group }) => rule(group.startsWith('safety') ? DEFAULT_KEEP_SAFETY : 'last 1'),
    BEGIN,
  );
  expect(decided.filter(({ keep }) => !keep).map(({ id }) => id)).toEqual(['safety8', 'safety20', 'rare99']);
});
