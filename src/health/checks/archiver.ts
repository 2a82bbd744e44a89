import { archiverPoll } from '../../db/queries/wal.ts';
import { duration } from '../../text/units.ts';
import { defineCheck } from '../check.ts';

/** Failing for longer, and a point-in-time recovery would miss that much. */
const LONG_SECONDS = 300;

/** Whether WAL gets to the archive. */
export const archiver = defineCheck({
  id: 'archiver',
  title: 'WAL archiver',
  category: 'wal',
  fix: '`archive_command`',
  reads: [archiverPoll],
  judge: (facts) => {
    const [row] = facts.figures.rows(archiverPoll);
    if (facts.server.settings.archive_mode === 'off') return { because: 'archive_mode is off' };
    if (!row?.failing) return {};
    const { last_archived_seconds: last, unarchived_seconds: since } = row;
    const long = since === null || since > LONG_SECONDS;
    return {
      findings: [
        {
          severity: long ? 'critical' : 'alert',
          title: `Archiving fails: ${row.last_failed_wal ?? 'a segment'} could not be archived.`,
          ...(since !== null && { value: since, unit: 's', threshold: LONG_SECONDS }),
          evidence: `pg_stat_archiver: ${row.failed_count} failures since ${row.stats_reset?.slice(0, 16) ?? 'the start'}, the last ${duration(row.last_failed_seconds)} ago; ${last === null ? 'nothing was archived yet' : `the last segment was archived ${duration(last)} ago`}.`,
          why: 'pg_wal grows until the disk is full, and a point-in-time recovery ends at the last segment archived.',
          remedy: {
            advice:
              "Read what archive_command says in the server's log, and fix it: the server tries again by itself.",
          },
          ...(long && { cap: 60 }),
        },
      ],
    };
  },
});
