import { expect, test } from 'vitest';
import { differences } from './compare.ts';
import type { Taken } from './inbox.ts';

const LOCKS = { check: 'lock_wait', object: 'orders' };
const AWAY = { check: 'server_away', object: null };
const EPISODES = [
  { ...LOCKS, begun: 0, ended: 10 },
  { ...AWAY, begun: 20, ended: 25 },
  { ...LOCKS, begun: 60, ended: 70 },
];
const taken = (about: Pick<Taken, 'check' | 'object'>, state: string, at: number): Taken => ({
  ...{ ...about, state, at, arrived: at },
});
const TOLD = [
  taken(LOCKS, 'raised', 5),
  taken(AWAY, 'raised', 23),
  taken(AWAY, 'resolved', 26),
  taken(LOCKS, 'resolved', 40),
  taken(LOCKS, 'raised', 65),
  taken(LOCKS, 'resolved', 100),
];
const of = (all: readonly Taken[]) => differences(EPISODES, [{ name: 'mail', taken: all }]);

test('what is told once for each episode is as it should be; lost, twice, too much and out of order are not', () => {
  expect(of(TOLD)).toEqual([]);
  expect(of(TOLD.toSpliced(4, 1))).toEqual([
    'mail: lock_wait orders was 2 times, and told as: raised, resolved, resolved',
  ]);
  expect(of([...TOLD, taken(LOCKS, 'resolved', 100)])).toHaveLength(1);
  expect(of(TOLD.toSpliced(1, 0, taken(LOCKS, 'updated', 6)))).toHaveLength(1);
  expect(of(TOLD.toSpliced(3, 0, taken({ check: 'connections', object: null }, 'raised', 30)))).toEqual([
    'mail: raised connections is of no episode',
  ]);
  expect(of(TOLD.with(1, taken(AWAY, 'resolved', 26)).with(2, taken(AWAY, 'raised', 23)))).toEqual([
    'mail: server_away was 1 times, and told as: resolved, raised',
    'mail: raised server_away came after what was later',
  ]);
  expect(differences(EPISODES, [{ name: 'mail', taken: [] }])).toHaveLength(2);
});
