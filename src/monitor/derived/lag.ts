import type { replicationSenders } from '../../db/queries/replication.ts';
import type { walPosition } from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';

const KEPT_MS = 600_000;

/**
 * Replication lag in seconds from our own samples of the WAL position.
 *
 * pg_stat_replication.replay_lag goes wrong in both directions: it shows the last reply while replay is paused and
 * keeps a value after the standby has caught up. Here: when did the primary write the position that the standby has
 * replayed by now? The answer is as fine as the sampling interval.
 */
export class LagRing {
  #positions: { at: number; lsn: number }[] = [];

  /** Takes the primary's position at a moment of the server's clock (ms). */
  push(at: number, lsn: number): void {
    const last = this.#positions.at(-1);
    if (last !== undefined && (at < last.at || lsn < last.lsn)) this.#positions = [];
    this.#positions.push({ at, lsn });
    const oldest = at - KEPT_MS;
    if ((this.#positions[0]?.at ?? at) < oldest - 60_000)
      this.#positions = this.#positions.filter((p) => p.at >= oldest);
  }

  /**
   * Seconds between the first sample that was ahead of the replayed position and now, or when that was read; 0 when it
   * has caught up; `atLeast` when the standby is behind everything remembered; null where that is a single moment, or
   * nothing.
   */
  lag(
    replayed: number | null,
    readAt = Number.POSITIVE_INFINITY,
  ): { seconds: number; atLeast: boolean } | null {
    const last = this.#positions.at(-1);
    if (last === undefined || replayed === null) return null;
    if (replayed >= last.lsn) return { seconds: 0, atLeast: false };
    // what was written since it was read is no lag of it
    const now = Math.min(last.at, readAt);
    const first = this.#positions.findIndex((p) => p.lsn > replayed);
    const ahead = this.#positions[first];
    if (ahead === undefined) return { seconds: 0, atLeast: false };
    // "longer than nothing" would say that something is known
    if (first === 0 && ahead.at >= now) return null;
    return { seconds: Math.max(0, now - ahead.at) / 1000, atLeast: first === 0 };
  }
}

type Sender = RowOf<typeof replicationSenders>;
/** How far something has replayed, read in one moment: of the server's clock, where it is read less often. */
type Replayed = Pick<Sender, 'total_lag_bytes' | 'replay_lsn_bytes'> & Partial<Pick<Sender, 'server_ms'>>;

/** Lag behind the position of this server: of each sender; on a standby also its own, behind what it has received. */
export class ReplicationLag {
  readonly #ring = new LagRing();
  #seen: unknown;

  observe(position: RowOf<typeof walPosition> | undefined): void {
    if (position === undefined || position === this.#seen || position.lsn_bytes === null) return;
    this.#seen = position;
    this.#ring.push(position.server_ms, position.lsn_bytes);
  }

  of({
    total_lag_bytes,
    replay_lsn_bytes,
    server_ms,
  }: Replayed): { seconds: number; atLeast: boolean } | null {
    // both positions are of one moment there, while the samples were taken before or after
    if (total_lag_bytes === 0) return { seconds: 0, atLeast: false };
    return this.#ring.lag(replay_lsn_bytes, server_ms);
  }
}
