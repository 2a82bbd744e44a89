import type { AnyPoll } from '../../db/poll.ts';
import { databases } from './databases.ts';
import type { Metric } from './metric.ts';
import { own } from './own.ts';
import { replication } from './replication.ts';
import { sessions } from './sessions.ts';
import { statements } from './statements.ts';
import { tables } from './tables.ts';
import { wal } from './wal.ts';

/** All that is told of the last sample. */
export const METRICS: readonly Metric[] = [
  ...own,
  ...sessions,
  ...databases,
  ...tables,
  ...statements,
  ...replication,
  ...wal,
];

/** What has to be sampled so that all of them are known. */
export const METRIC_POLLS: readonly AnyPoll[] = [...new Set(METRICS.flatMap(({ reads }) => reads))];
