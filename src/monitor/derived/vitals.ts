import type { Poll } from '../../db/poll.ts';
import { summaryPoll } from '../../db/queries/activity.ts';
import { databasePoll, type databaseStats } from '../../db/queries/database.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';
import type { Server } from '../../db/server.ts';
import type { Part } from '../snapshot.ts';
import { Ring } from './history.ts';
import { Rates, type Window } from './rates.ts';

/** Below this many block accesses per window a ratio says nothing: our own polls alone would make it 100 %. */
const BLOCKS_THAT_COUNT = 10_000;
/** Samples kept for the sparklines: ten minutes at one per second. */
const HISTORY = 600;
const LONG_WINDOW = 60;
const SHORT_WINDOW = 10;

type DatabaseRow = RowOf<typeof databaseStats>;

/** One database with what happened in it lately. */
export interface DatabaseVitals {
  readonly row: DatabaseRow;
  /** How long the window of 60 s is so far; null before two samples. */
  readonly seconds: number | null;
  /** The counters were reset while they were read. */
  readonly reset: boolean;
  /** Committed and rolled back transactions per second over 10 s, without those of reading it; null before two samples. */
  readonly tps: number | null;
  /** Share of block accesses found in shared buffers over 60 s; null when unknown or too few to count. */
  readonly hitRatio: number | null;
  /** Block accesses in that window; null while there are few of them and it is shorter than 10 s. */
  readonly blocks: number | null;
  readonly readsPerSecond: number | null;
  /** Mean time of a block read over 60 s; null without track_io_timing or without reads. */
  readonly msPerRead: number | null;
  /** Transactions that ended within 60 s, without those of reading it. */
  readonly transactions: number | null;
  /** The share of them that was rolled back. */
  readonly rollbackRatio: number | null;
  readonly tempBytesPerSecond: number | null;
}

export const SERIES = ['connections', 'tps', 'hit', 'wal'] as const;
export type SeriesName = (typeof SERIES)[number];

/** The derived figures: rates over windows of the server's clock, and their history. */
export class Vitals {
  readonly series: Readonly<Record<SeriesName, Ring>> = {
    connections: new Ring(HISTORY),
    tps: new Ring(HISTORY),
    hit: new Ring(HISTORY),
    wal: new Ring(HISTORY),
  };
  readonly #waiting = new Ring(HISTORY);
  readonly #waitingAt = new Ring(HISTORY);
  readonly #byDatabase = new Map<number, Rates>();
  readonly #cluster = new Rates(LONG_WINDOW);
  readonly #wal = new Rates(LONG_WINDOW);
  #seen: { database?: unknown; wal?: unknown; summary?: unknown } = {};
  #startedAt: string | undefined;
  #databases: readonly DatabaseVitals[] = [];

  /** All databases together. */
  total: Omit<DatabaseVitals, 'row'> = UNKNOWN_VITALS;
  /** WAL written per second over 10 s; null before two samples. */
  walBytesPerSecond: number | null = null;

  /** The most sessions that waited for a lock at once, as far back as the history goes, and when (server's clock, ms). */
  waitingPeak: { readonly count: number; readonly at: number } | undefined;

  get databases(): readonly DatabaseVitals[] {
    return this.#databases;
  }

  /** Takes in what the sampler read since the last call. */
  observe(sampler: {
    part<Row>(poll: Poll<Row>): Part<Row>;
    readonly server: Server | undefined;
    readonly ownTransactions?: number;
  }): void {
    const startedAt = String(sampler.server?.startedAt ?? '');
    const timing = sampler.server?.settings.track_io_timing === 'on';
    const own = { datid: sampler.server?.databaseOid, transactions: sampler.ownTransactions ?? 0 };
    this.#observeDatabases(sampler.part(databasePoll), own, startedAt, timing);
    this.#observeWal(sampler.part(walPositionPoll), startedAt);
    this.#observeSummary(sampler.part(summaryPoll));
  }

  #observeDatabases(
    part: Part<DatabaseRow>,
    own: { readonly datid: number | undefined; readonly transactions: number },
    startedAt: string,
    timing: boolean,
  ): void {
    if (part.rows === this.#seen.database || part.rows.length === 0) return;
    this.#seen.database = part.rows;
    // a restart is no reset
    if (startedAt !== this.#startedAt)
      for (const rates of [this.#cluster, ...this.#byDatabase.values()]) rates.clear();
    this.#startedAt = startedAt;
    const sums: Record<string, number> = {};
    const resets: string[] = [];
    this.#databases = part.rows.map((row) => {
      const counters = { ...countersOf(row), own: row.datid === own.datid ? own.transactions : 0 };
      for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
      resets.push(`${row.datid} ${row.stats_reset ?? ''}`);
      const rates = this.#byDatabase.get(row.datid) ?? new Rates(LONG_WINDOW);
      this.#byDatabase.set(row.datid, rates);
      rates.push({ at: row.server_ms, epoch: row.stats_reset ?? '', counters });
      return { row, ...figures(rates, timing) };
    });
    const present = new Set(part.rows.map((row) => row.datid));
    for (const datid of this.#byDatabase.keys()) if (!present.has(datid)) this.#byDatabase.delete(datid);
    const at = Math.max(...part.rows.map((row) => row.server_ms));
    this.#cluster.push({ at, epoch: resets.sort().join(' '), counters: sums });
    // a database that came or went begins the sum anew, and is no reset
    const reset = this.#databases.some((one) => one.reset);
    this.total = { ...figures(this.#cluster, timing), reset };
    // connecting is no load either; it gets into the server's statistics when a session has been idle for ten seconds
    const settled = (this.#cluster.window(LONG_WINDOW)?.seconds ?? 0) > 2 * SHORT_WINDOW + 1;
    this.series.tps.push(settled ? (this.total.tps ?? Number.NaN) : Number.NaN);
    this.series.hit.push(this.total.hitRatio ?? Number.NaN);
  }

  #observeWal(part: Part<RowOf<typeof walPositionPoll.query>>, startedAt: string): void {
    const row = part.rows[0];
    if (part.rows === this.#seen.wal || row === undefined) return;
    this.#seen.wal = part.rows;
    if (row.lsn_bytes === null) return;
    this.#wal.push({ at: row.server_ms, epoch: startedAt, counters: { bytes: row.lsn_bytes } });
    this.walBytesPerSecond = perSecond(this.#wal.window(SHORT_WINDOW), 'bytes');
    this.series.wal.push(this.walBytesPerSecond ?? Number.NaN);
  }

  #observeSummary(part: Part<RowOf<typeof summaryPoll.query>>): void {
    if (part.rows === this.#seen.summary || part.rows.length === 0) return;
    this.#seen.summary = part.rows;
    const row = part.rows[0];
    this.series.connections.push(row?.clients ?? Number.NaN);
    this.#waiting.push(row?.lock_waiting ?? Number.NaN);
    this.#waitingAt.push(row?.server_ms ?? Number.NaN);
    this.waitingPeak = this.#peak();
  }

  #peak(): Vitals['waitingPeak'] {
    const counts = this.#waiting.last(HISTORY);
    let most = -1;
    for (const [i, count] of counts.entries()) if (count > (counts[most] ?? 0)) most = i;
    const count = counts[most];
    return count === undefined ? undefined : { count, at: this.#waitingAt.last(HISTORY)[most] ?? Number.NaN };
  }
}

const UNKNOWN_VITALS: Omit<DatabaseVitals, 'row'> = {
  seconds: null,
  reset: false,
  tps: null,
  hitRatio: null,
  blocks: null,
  readsPerSecond: null,
  msPerRead: null,
  transactions: null,
  rollbackRatio: null,
  tempBytesPerSecond: null,
};

function countersOf(row: DatabaseRow): Record<string, number> {
  return {
    commits: row.xact_commit ?? 0,
    rollbacks: row.xact_rollback ?? 0,
    hit: row.blks_hit ?? 0,
    read: row.blks_read ?? 0,
    readMs: row.blk_read_time ?? 0,
    temp: row.temp_bytes ?? 0,
  };
}

function perSecond(window: Window | undefined, counter: string): number | null {
  return window === undefined ? null : (window.delta[counter] ?? 0) / window.seconds;
}

/** Transactions of others. Counters reach the statistics with a delay: what was asked may not be among them yet. */
function ended({ delta: { commits = 0, rollbacks = 0, own = 0 } }: Window): number {
  return Math.max(rollbacks, commits + rollbacks - own);
}

/** hit / (hit + read) of the window, as the statistics collector counts blocks: a "read" may come from the OS cache. */
function figures(rates: Rates, timing: boolean): Omit<DatabaseVitals, 'row'> {
  const long = rates.window(LONG_WINDOW);
  const short = rates.window(SHORT_WINDOW);
  const { reset } = rates;
  if (long === undefined || short === undefined) return { ...UNKNOWN_VITALS, reset };
  const { rollbacks = 0, hit = 0, read = 0, readMs = 0 } = long.delta;
  const blocks = hit + read;
  const transactions = ended(long);
  return {
    seconds: long.seconds,
    reset,
    tps: ended(short) / short.seconds,
    // few blocks mean an idle server only when it was looked at for a while: after a reset it is not known
    blocks: blocks >= BLOCKS_THAT_COUNT || long.seconds >= SHORT_WINDOW ? blocks : null,
    hitRatio: blocks >= BLOCKS_THAT_COUNT ? hit / blocks : null,
    readsPerSecond: read / long.seconds,
    msPerRead: timing && read > 0 ? readMs / read : null,
    transactions,
    rollbackRatio: transactions > 0 ? rollbacks / transactions : null,
    tempBytesPerSecond: perSecond(long, 'temp'),
  };
}
