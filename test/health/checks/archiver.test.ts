import { expect, test } from 'vitest';
import { archiverPoll } from '../../../src/db/queries/wal.ts';
import { archiver } from '../../../src/health/checks/archiver.ts';
import { assessed, rowsOf, SERVER } from '../facts.ts';

const server = { settings: { ...SERVER.settings, archive_mode: 'on' } };
const judged = (last_archived_seconds: number | null, unarchived_seconds: number | null) => {
  const row = { failing: true, failed_count: 7, last_failed_seconds: 1, stats_reset: null };
  const read = rowsOf(archiverPoll, { ...row, last_archived_seconds, unarchived_seconds });
  return assessed([archiver], [[read]], { server }).findings;
};

test.each([
  ['for a moment', 20, 20, 'alert'],
  ['for longer than five minutes', 301, 301, 'critical'],
  ['since the server is there', null, 301, 'critical'],
  ['since nobody knows when', null, null, 'critical'],
] as const)('an archive that takes nothing %s', (_, last, since, severity) => {
  const [found] = judged(last, since);
  expect(found?.severity).toBe(severity);
  expect(found?.cap).toBe(severity === 'critical' ? 60 : undefined);
});
