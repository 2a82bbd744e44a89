import { expect, test } from 'vitest';
import { checksumsPoll } from '../../../src/db/queries/checksums.ts';
import { checksums } from '../../../src/health/checks/checksums.ts';
import { assessed, rowsOf, SERVER } from '../facts.ts';

const judged = (datname: string | null, failures: number, enabled = true) => {
  const row = { enabled, datname, failures, last_failure_seconds: 60, stats_reset: null };
  return assessed([checksums], [[rowsOf(checksumsPoll, row)]], {}).findings;
};

test('pages that did not match open the check, in the database that they are in', () => {
  for (const database of [SERVER.database, null])
    expect(judged(database, 2)).toMatchObject([
      { severity: 'critical', value: 2, cap: 30, remedy: { operation: 'check', input: {} } },
    ]);
  expect(judged('the other', 1)).toMatchObject([
    { remedy: { advice: expect.stringMatching(/^Find what is damaged: pgdeck check -d 'the other'\./) } },
  ]);
});

test('none is no finding; that they are off is worth knowing', () => {
  expect(judged(SERVER.database, 0)).toEqual([]);
  expect(judged(SERVER.database, 0, false)).toMatchObject([{ severity: 'info' }]);
});
