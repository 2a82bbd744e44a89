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
   * Seconds between now and the first sample that was ahead of the replayed position; 0 when it has caught up;
   * `atLeast` when the standby is behind everything remembered; null where that is a single moment, or nothing.
   */
  lag(replayed: number | null): { seconds: number; atLeast: boolean } | null {
    const now = this.#positions.at(-1);
    if (now === undefined || replayed === null) return null;
    if (replayed >= now.lsn) return { seconds: 0, atLeast: false };
    const first = this.#positions.findIndex((p) => p.lsn > replayed);
    const ahead = this.#positions[first];
    if (ahead === undefined) return { seconds: 0, atLeast: false };
    // "longer than nothing" would say that something is known
    if (first === 0 && ahead.at === now.at) return null;
    return { seconds: (now.at - ahead.at) / 1000, atLeast: first === 0 };
  }
}

/** How far something has replayed, read in one moment. */
type Replayed = Pick<RowOf<typeof replicationSenders>, 'total_lag_bytes' | 'replay_lsn_bytes'>;

/** Lag behind the position of this server: of each sender; on a standby also its own, behind what it has received. */
export class ReplicationLag {
  readonly #ring = new LagRing();
  #seen: unknown;

  observe(position: RowOf<typeof walPosition> | undefined): void {
    if (position === undefined || position === this.#seen || position.lsn_bytes === null) return;
    this.#seen = position;
    this.#ring.push(position.server_ms, position.lsn_bytes);
  }

  of({ total_lag_bytes, replay_lsn_bytes }: Replayed): { seconds: number; atLeast: boolean } | null {
    // both positions are of one moment there, while the samples were taken before or after
    if (total_lag_bytes === 0) return { seconds: 0, atLeast: false };
    return this.#ring.lag(replay_lsn_bytes);
  }
}
