import type { Thresholds } from '../../config/thresholds.ts';
import type { Cadence } from '../../db/poll.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { receiverPoll, sendersPoll, standbyPoll } from '../../db/queries/replication.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import { assess } from '../../health/assess.ts';
import type { Check } from '../../health/check.ts';
import type { Finding } from '../../health/finding.ts';
import { connectionsLevel, levelOf } from '../../health/level.ts';
import { CHECKS, pollsOf } from '../../health/registry.ts';
import type { Waiver } from '../../health/waivers.ts';
import type { Figures } from '../../monitor/figures.ts';
import { NOT_LOOKED } from '../core/model.ts';
import type { FleetFigures } from './row.ts';

/** What is dear to a server of many tables or statements. */
const DEAR: ReadonlySet<Cadence> = new Set<Cadence>(['rare', 'statements', 'texts']);

/**
 * What is judged of each server: by what costs little. The rest (bloat, indexes, vacuum, statements, disks, backups) is looked for in
 * the console of one server.
 */
export const FLEET_CHECKS: readonly Check[] = CHECKS.filter(
  ({ reads }) => reads.length > 0 && reads.every(({ every }) => !DEAR.has(every)),
);

/** What is asked of each server. */
export const FLEET_POLLS = [...new Set([summaryPoll, walPositionPoll, ...pollsOf(FLEET_CHECKS)])];

/** What a row says of a server that has just answered; undefined while there is nothing to say. */
export function figuresOf(
  figures: Figures,
  { thresholds, waivers, at }: { thresholds: Thresholds; waivers: readonly Waiver[]; at: number },
): FleetFigures | undefined {
  const { server } = figures;
  const part = figures.part(summaryPoll);
  const [summary] = part.rows;
  if (server === undefined || summary === undefined || part.status !== 'ok') return undefined;
  const judged = assess(
    { figures, server, thresholds, outside: NOT_LOOKED },
    { waivers, checks: FLEET_CHECKS },
  );
  const lag = lagOf(figures);
  const { longest_xact_seconds: longest } = summary;
  return {
    at,
    version: server.version,
    standby: figures.rows(walPositionPoll)[0]?.standby ?? server.standby,
    connections: summary.clients,
    maxConnections: summary.max_connections,
    connectionsLevel: connectionsLevel(summary, thresholds),
    waiting: summary.lock_waiting,
    longestSeconds: longest,
    longestLevel: levelOf('long_query_seconds', longest, thresholds),
    lagSeconds: lag,
    lagLevel: levelOf('replication_lag_seconds', lag, thresholds),
    score: judged.asked ? judged.score : null,
    coverage: judged.coverage,
    alerts: alarming(judged.findings),
    ...(part.partial && { hidden: part.partial.reason }),
  };
}

/** What is wrong beyond a warning, and lived with by nobody; the worst first. */
export function alarming(findings: readonly Finding[]): FleetFigures['alerts'] {
  return findings.flatMap(({ severity, title, waiver }) =>
    waiver === undefined && (severity === 'alert' || severity === 'critical') ? [{ severity, title }] : [],
  );
}

/** Of a standby that receives, its own; else that of the standby that is furthest behind. */
function lagOf(figures: Figures): number | null {
  const [own] = figures.rows(standbyPoll);
  const replayed =
    own?.standby && figures.rows(receiverPoll).length > 0
      ? [{ ...own, total_lag_bytes: own.replay_lag_bytes }]
      : figures.rows(sendersPoll).filter(({ replay_lsn_bytes }) => replay_lsn_bytes !== null);
  const seconds = replayed.flatMap((one) => figures.lag.of(one)?.seconds ?? []);
  return seconds.length === 0 ? null : Math.max(...seconds);
}
