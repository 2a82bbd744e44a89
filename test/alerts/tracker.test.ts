import { expect, test } from 'vitest';
import { Tracker } from '../../src/alerts/tracker.ts';
import type { Finding } from '../../src/health/finding.ts';

const LEVELS = { normal: 80, alert: 90, critical: 98 };
const finding = (id: string, more: Partial<Finding> = {}): Finding => ({
  ...{ id, check: id.split(':', 1)[0] ?? id, category: 'connections', severity: 'alert' },
  ...{ title: `${id} is bad.`, evidence: '', why: '', remedy: { advice: '' } },
  ...more,
});
const used = (value: number): Finding =>
  finding('connections', {
    ...{ value, levels: LEVELS },
    severity: value >= 98 ? 'critical' : value >= 90 ? 'alert' : 'warning',
    threshold: value >= 98 ? 98 : value >= 90 ? 90 : 80,
  });

/** A tracker that is looked at each second, each time with figures that were read anew. */
function every(seconds = 1, tracker = new Tracker()) {
  let at = 1_000_000;
  const told = (changes: ReturnType<Tracker['observe']>) =>
    changes.map(({ state, alert }) => `${state} ${alert.key}`);
  return {
    tracker,
    see: (findings: readonly Finding[], unknown: readonly string[] = [], readAt?: number) => {
      at += seconds * 1000;
      const blind = unknown.map((check) => ({
        ...{ check, title: check, category: 'connections' as const, reason: '' },
      }));
      return told(
        tracker.observe(
          {
            assessment: { findings, unknown: blind },
            readAt: () => readAt ?? at,
            titleOf: () => 'Tables due for VACUUM',
          },
          at,
        ),
      );
    },
    away: (reason = 'Nothing accepts connections.') => {
      at += seconds * 1000;
      return told(tracker.away(reason, at));
    },
  };
}

test('raised after three samples in a row, and what has waited for long already at once', () => {
  const { see, tracker } = every();
  const bad = [used(91)];
  expect(see(bad)).toEqual([]);
  expect(see(bad)).toEqual([]);
  expect(see([])).toEqual([]);
  expect(see(bad)).toEqual([]);
  expect(see(bad)).toEqual([]);
  expect(see(bad)).toEqual(['raised connections']);
  expect(see([...bad, finding('lock_wait'), finding('long_query')])).toEqual([
    'raised lock_wait',
    'raised long_query',
  ]);
  expect(tracker.alerts[0]).toMatchObject({ key: 'connections', object: null, value: 91, threshold: 90 });
});

test('what was read once counts once, however often it is looked at', () => {
  const { see } = every();
  const bad = [used(91)];
  for (let i = 0; i < 5; i++) expect(see(bad, [], 1)).toEqual([]);
  expect(see(bad, [], 2)).toEqual([]);
  expect(see(bad, [], 3)).toEqual(['raised connections']);
});

test('resolved below 90 % of the threshold for 30 seconds, where less is worse that far on the way to normal', () => {
  const { see } = every(10);
  for (const _ of [1, 2]) see([used(91)]);
  expect(see([used(91)])).toEqual(['raised connections']);
  // a warning, and not yet below 81
  for (let i = 0; i < 5; i++) expect(see([used(82)])).toEqual([]);
  expect(see([used(80.9)])).toEqual([]);
  expect(see([used(82)])).toEqual([]);
  for (const _ of [1, 2, 3]) expect(see([])).toEqual([]);
  expect(see([])).toEqual(['resolved connections']);

  const levels = { normal: 99, alert: 95, critical: 80 };
  const ratio = (value: number) =>
    finding('cache_hit', { value, levels, severity: value <= 95 ? 'alert' : 'warning' });
  for (const _ of [1, 2]) see([ratio(94)]);
  expect(see([ratio(94)])).toEqual(['raised cache_hit']);
  for (let i = 0; i < 5; i++) expect(see([ratio(95.3)])).toEqual([]);
  for (const _ of [1, 2, 3]) expect(see([ratio(95.5)])).toEqual([]);
  expect(see([ratio(95.5)])).toEqual(['resolved cache_hit']);
});

test('worse is an update; a warning is no alert unless it is asked for', () => {
  const { see } = every();
  for (const _ of [1, 2]) see([used(91)]);
  see([used(91)]);
  expect(see([used(99)])).toEqual(['updated connections']);
  expect(see([used(99)])).toEqual([]);
  const mild = every(1, new Tracker('warning'));
  for (const _ of [1, 2]) mild.see([used(85)]);
  expect(mild.see([used(85)])).toEqual(['raised connections']);
});

test('while a check cannot be made, and while the server is away, nothing is resolved', () => {
  const { see, away, tracker } = every(20);
  for (const _ of [1, 2, 3]) see([used(91)]);
  for (let i = 0; i < 5; i++) expect(see([], ['connections'])).toEqual([]);
  expect([away(), away(), away(), away()]).toEqual([[], [], ['raised server_away'], []]);
  expect(tracker.alerts.map(({ key }) => key)).toEqual(['server_away', 'connections']);
  expect(see([used(91)])).toEqual(['resolved server_away']);
  expect(see([])).toEqual([]);
  expect(see([])).toEqual([]);
  expect(see([])).toEqual(['resolved connections']);
});

test('a clock that is set neither ends an alert nor keeps it', () => {
  const tracker = new Tracker('alert', [
    {
      ...{ key: 'connections', check: 'connections', object: null, severity: 'alert', title: 'Many.' },
      ...{ value: 91, threshold: 90, since: 0 },
    },
  ]);
  let now = 0;
  const hour = 3_600_000;
  const calmAt = (wall: number) => {
    now += 10_000;
    const look = {
      assessment: { findings: [], unknown: [] },
      readAt: () => now,
      titleOf: () => 'Connections',
    };
    return tracker.observe(look, wall, now).map(({ state }) => state);
  };
  for (const wall of [hour, 5 * hour, 2 * hour]) expect(calmAt(wall)).toEqual([]);
  expect(calmAt(0)).toEqual(['resolved']);
});

test('what is waived is no alert, and one that stands is resolved', () => {
  const { see } = every(20);
  const waiver = { id: 'connections', until: '2099-12-31', reason: 'known' };
  for (const _ of [1, 2, 3]) expect(see([{ ...used(91), waiver }])).toEqual([]);
  for (const _ of [1, 2, 3]) see([used(91)]);
  see([{ ...used(91), waiver }]);
  see([{ ...used(91), waiver }]);
  expect(see([{ ...used(91), waiver }])).toEqual(['resolved connections']);
});

test('a thousand objects are ten alerts and one, while they come, change their order and go', () => {
  const { see, tracker } = every(10);
  const ids = Array.from({ length: 1000 }, (_, i) => `vacuum_due:t${i}`);
  /** As health lists them: the first ten, and one for those behind them. */
  const listed = (names: readonly string[]): Finding[] => [
    ...names.slice(0, 10).map((id) => finding(id)),
    ...(names.length > 10
      ? [
          finding('vacuum_due:*', {
            grouped: names.slice(10).map((id) => ({ id, severity: 'alert' as const })),
          }),
        ]
      : []),
  ];
  see(listed(ids));
  see(listed(ids));
  expect(see(listed(ids))).toEqual([...ids.slice(0, 10).map((id) => `raised ${id}`), 'raised vacuum_due:*']);
  expect(tracker.alerts.find(({ object }) => object === '*')).toMatchObject({
    value: 990,
    title: 'Tables due for VACUUM: 990 more (t10, t11, t12, t13, t14 and 985 more).',
  });
  const turned = ids.toReversed();
  for (let i = 0; i < 5; i++) expect(see(listed(turned))).toEqual([]);
  // they go one by one, those that were told of last
  const gone: string[] = [];
  for (let left = 1000; left >= 0; left -= 100) gone.push(...see(listed(ids.slice(1000 - left))));
  for (let i = 0; i < 5; i++) gone.push(...see([]));
  expect(gone.toSorted()).toEqual(
    ['vacuum_due:*', ...ids.slice(0, 10)].map((id) => `resolved ${id}`).toSorted(),
  );
  expect(tracker.alerts).toEqual([]);
});

test('what an earlier tracker has raised is not raised again, and is resolved when it is over', () => {
  const first = every(10);
  for (const _ of [1, 2, 3]) first.see([used(91)]);
  const { see } = every(10, new Tracker('alert', first.tracker.alerts));
  for (let i = 0; i < 5; i++) expect(see([used(91)])).toEqual([]);
  for (const _ of [1, 2, 3]) expect(see([])).toEqual([]);
  expect(see([])).toEqual(['resolved connections']);
});
