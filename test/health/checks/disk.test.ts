import { expect, test } from 'vitest';
import { disk } from '../../../src/health/checks/disk.ts';
import type { VolumeFact } from '../../../src/health/outside.ts';
import { assessed } from '../facts.ts';

const GB = 1024 ** 3;
const volume = (name: string, percent: number): VolumeFact => ({
  name,
  totalBytes: 100 * GB,
  freeBytes: (100 - percent) * GB,
});
const judged = (...known: VolumeFact[]) => assessed([disk], [], { outside: { volumes: { known } } });

test('the fullest disk counts, each is found for itself', () => {
  const seen = judged(volume('data directory', 40), volume('pg_wal', 88), volume('big', 75));
  expect(seen.findings).toMatchObject([
    { id: 'disk:pg_wal', severity: 'alert', value: 88, unit: '%', threshold: 85 },
    { id: 'disk:big', severity: 'warning' },
  ]);
  expect(seen.findings[0]?.title).toBe('The disk of pg_wal is 88.0% full: 12 GB are left.');
  expect(seen.findings[0]).not.toHaveProperty('cap');
  expect(judged(volume('data directory', 70))).toMatchObject({ findings: [], score: 100 });
});

test('one that is nearly full lets no score look well', () => {
  expect(judged(volume('pg_wal', 95)).findings).toMatchObject([{ severity: 'critical', cap: 30 }]);
});

test('what nobody tells is unknown, with the reason', () => {
  const untold = assessed([disk], [], {
    outside: { volumes: { unknown: 'The server is not on this machine.' } },
  });
  expect(untold).toMatchObject({ score: null, unknown: [{ reason: 'The server is not on this machine.' }] });
  for (const known of [[], [{ name: 'odd', totalBytes: 0, freeBytes: 0 }]])
    expect(judged(...known)).toMatchObject({ score: null, unknown: [{ check: 'disk' }] });
});
