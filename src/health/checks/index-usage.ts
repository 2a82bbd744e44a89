import { displayName } from '../../db/ident.ts';
import { indexSharePoll } from '../../db/queries/indexes.ts';
import { autovacuumPoll } from '../../db/queries/maintain/due.ts';
import { count, percent, roughly } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { indexShare, limitLevel } from '../level.ts';
import { countAgain, countedSince } from '../tables.ts';

/** Fewer scans are those of a backup, an ANALYZE or somebody who looked. */
const OFTEN = 10;

/** Tables that are read from one end to the other, again and again. */
export const indexUsage = defineCheck({
  id: 'index_usage',
  title: 'Tables read without an index',
  category: 'indexes',
  fix: 'an index',
  reads: [indexSharePoll, autovacuumPoll],
  judge: (facts) => {
    const { figures, thresholds } = facts;
    if (figures.rows(autovacuumPoll)[0]?.track_counts === false)
      return {
        unknown: {
          reason: 'track_counts is off: scans are not counted.',
          remedy: countAgain(facts),
        },
      };
    return {
      findings: figures.rows(indexSharePoll).flatMap((row) => {
        const share = indexShare(row);
        if (
          row.seq_scan < OFTEN ||
          share === null ||
          limitLevel('index_usage_ratio', share, thresholds, 'lower') === 'normal'
        )
          return [];
        const object = displayName(row.schemaname, row.relname);
        return [
          {
            object,
            severity: 'info',
            title: `Only ${percent(share)} of the scans of ${object} used an index.`,
            value: share,
            unit: 'ratio',
            threshold: thresholds.index_usage_ratio,
            evidence: `${countedSince(facts)}: ${count(row.seq_scan)} scans without an index read ${roughly(row.seq_tup_read / row.seq_scan, 'row')} each, ${row.idx_scan === null ? 'and it has none' : `${count(row.idx_scan)} used one`}.${facts.server.standby ? ' A standby counts its own.' : ''}`,
            why: 'Where a query wants few of the rows, it waits for all of them to be read.',
            remedy: {
              advice: `Look for who reads ${object} (pgdeck show statements), and at the plans (pgdeck explain): an index for what they look for, or nothing where they want most of the rows.`,
            },
          },
        ];
      }),
    };
  },
});
