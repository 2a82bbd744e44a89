import { expect, test } from 'vitest';
import type { Facts } from '../../../src/health/check.ts';
import { versionBehind } from '../../../src/health/checks/version-behind.ts';
import { NOTHING_TOLD } from '../stage.ts';

// which server it is cannot be chosen: servers are described
function found(versionNum: number, day: string): string[] {
  const major = Math.floor(versionNum / 10_000);
  const server = { major, versionNum, version: `${major}.${versionNum % 10_000}` };
  const facts = { server, outside: { ...NOTHING_TOLD, now: Date.parse(day) } } as Facts;
  return (versionBehind.judge(facts).findings ?? []).map(({ severity, title }) => `${severity}: ${title}`);
}

test.each([
  [180_006, '2026-12-01', []],
  [180_009, '2026-12-01', []],
  [190_000, '2026-12-01', []],
  [170_010, '2026-12-01', ['warning: PostgreSQL 17.10 is 2 minor releases behind 17.12.']],
  [140_025, '2026-12-01', ['warning: PostgreSQL 14 has had no more fixes since 2026-11-12.']],
  [130_023, '2026-12-01', ['alert: PostgreSQL 13 has had no more fixes since 2025-11-13.']],
  [150_020, '2027-08-01', ['info: PostgreSQL 15 gets its last fixes on 2027-11-11.']],
  // a clock that is behind what is known already
  [140_025, '2001-01-01', ['info: PostgreSQL 14 gets its last fixes on 2026-11-12.']],
])('%s on %s', (version, day, expected) => {
  expect(found(version, day)).toEqual(expected);
});
