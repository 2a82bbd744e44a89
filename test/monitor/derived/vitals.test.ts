import { describe, expect, test } from 'vitest';
import type { Poll } from '../../../src/db/poll.ts';
import { type activitySummary, summaryPoll } from '../../../src/db/queries/activity.ts';
import { databasePoll, type databaseStats } from '../../../src/db/queries/database.ts';
import { type walPosition, walPositionPoll } from '../../../src/db/queries/wal.ts';
import type { RowOf } from '../../../src/db/query.ts';
import type { Server } from '../../../src/db/server.ts';
import { Vitals } from '../../../src/monitor/derived/vitals.ts';
import { type Part, WAITING } from '../../../src/monitor/snapshot.ts';

/** What the vitals look at. */
interface Rows {
  readonly database?: readonly RowOf<typeof databaseStats>[];
  readonly walPosition?: readonly RowOf<typeof walPosition>[];
  readonly summary?: readonly RowOf<typeof activitySummary>[];
}
type Database = RowOf<typeof databaseStats>;
type Counters = Partial<Database>;

function database(seconds: number, counters: Counters = {}): Database {
  const zero = {
    xact_commit: 0,
    xact_rollback: 0,
    blks_hit: 0,
    blks_read: 0,
    blk_read_time: 0,
    temp_bytes: 0,
  };
  const row = {
    datid: 1,
    datname: 'shop',
    stats_reset: null,
    server_ms: seconds * 1000,
    ...zero,
    ...counters,
  };
  return row as Database;
}

/** Lets the vitals see rows as the sampler would hand them over. */
function observer(vitals = new Vitals(), timing = 'on') {
  let startedAt = 1;
  let ownTransactions = 0;
  const see = ({ database, walPosition, summary }: Rows) => {
    const read = new Map<unknown, readonly unknown[] | undefined>([
      [databasePoll, database],
      [walPositionPoll, walPosition],
      [summaryPoll, summary],
    ]);
    vitals.observe({
      part: <Row>(poll: Poll<Row>): Part<Row> => {
        const rows = read.get(poll) as readonly Row[] | undefined;
        return rows ? { status: 'ok', at: 0, ms: 1, rows } : WAITING;
      },
      server: { startedAt, databaseOid: 1, settings: { track_io_timing: timing } } as unknown as Server,
      ownTransactions,
    });
  };
  return {
    vitals,
    see,
    ask: (questions: number) => {
      ownTransactions += questions;
    },
    restart: () => {
      startedAt++;
    },
  };
}

const first = ({ vitals }: ReturnType<typeof observer>) => vitals.databases[0];

test('with one sample nothing is known, and unknown is no zero', () => {
  const o = observer();
  o.see({ database: [database(0)] });
  expect(first(o)).toMatchObject({ tps: null, hitRatio: null, blocks: null, readsPerSecond: null });
  expect(o.vitals.total.tps).toBeNull();
});

test('after a reset it is not known that the server is idle, until it was looked at for ten seconds', () => {
  const o = observer();
  const idle = (s: number, stats_reset: string | null) =>
    o.see({ database: [database(s, { blks_hit: s, stats_reset })] });
  for (let s = 0; s <= 12; s++) idle(s, null);
  expect(first(o)).toMatchObject({ hitRatio: null, blocks: 12 });
  for (let s = 13; s <= 22; s++) {
    idle(s, 'now');
    expect([s, first(o)?.blocks]).toEqual([s, null]);
  }
  idle(23, 'now');
  expect(first(o)).toMatchObject({ hitRatio: null, blocks: 10 });
});

test('transactions per second count both ends, over ten seconds', () => {
  const o = observer();
  for (let s = 0; s <= 30; s++)
    o.see({
      database: [
        database(s, { xact_commit: s < 20 ? 0 : (s - 20) * 90, xact_rollback: s < 20 ? 0 : (s - 20) * 10 }),
      ],
    });
  expect(first(o)?.tps).toBe(100);
  expect(first(o)?.rollbackRatio).toBe(0.1);
});

describe('the hit ratio', () => {
  const ratio = (hit: number, read: number) => {
    const o = observer();
    o.see({ database: [database(0)] });
    o.see({ database: [database(60, { blks_hit: hit, blks_read: read, blk_read_time: read * 2 })] });
    return first(o);
  };

  test('is that of the window', () => {
    expect(ratio(99_000, 1_000)).toMatchObject({ hitRatio: 0.99, blocks: 100_000, msPerRead: 2 });
  });

  test('says nothing below 10,000 blocks: our own polls would make it 100 %', () => {
    expect(ratio(9_999, 0)).toMatchObject({ hitRatio: null, blocks: 9_999 });
    expect(ratio(10_000, 0)).toMatchObject({ hitRatio: 1 });
  });

  test('the time of a read is unknown without track_io_timing', () => {
    const o = observer(new Vitals(), 'off');
    o.see({ database: [database(0)] });
    o.see({ database: [database(60, { blks_read: 20_000 })] });
    expect(first(o)?.msPerRead).toBeNull();
  });
});

describe('a new beginning', () => {
  const busy = (s: number, more: Counters = {}) => database(s, { xact_commit: s * 10, ...more });

  test('after a restart of the server', () => {
    const o = observer();
    o.see({ database: [busy(0)] });
    o.see({ database: [busy(1)] });
    expect(first(o)?.tps).toBe(10);
    o.restart();
    o.see({ database: [busy(2)] });
    expect(first(o)?.tps).toBeNull();
  });

  test('after a reset of the statistics', () => {
    const o = observer();
    o.see({ database: [busy(0)] });
    o.see({ database: [busy(1)] });
    o.see({ database: [busy(2, { stats_reset: '2026-01-01' })] });
    expect(first(o)?.tps).toBeNull();
    expect(o.vitals.total.tps).toBeNull();
  });

  test('the order in which databases come is none', () => {
    const o = observer();
    const other = (s: number) => busy(s, { datid: 2, datname: 'two', stats_reset: '2025-05-05' });
    o.see({ database: [busy(0), other(0)] });
    o.see({ database: [other(1), busy(1)] });
    expect(o.vitals.total.tps).toBe(20);
  });

  test('a database that was dropped is forgotten', () => {
    const o = observer();
    o.see({ database: [busy(0), busy(0, { datid: 2 })] });
    o.see({ database: [busy(1)] });
    expect(o.vitals.databases).toHaveLength(1);
    expect(first(o)?.tps).toBe(10);
  });
});

test('WAL per second is of ten seconds; on a server without a position it is unknown', () => {
  const o = observer();
  const wal = (s: number, lsn: number | null) =>
    o.see({ walPosition: [{ server_ms: s * 1000, lsn_bytes: lsn } as RowOf<typeof walPosition>] });
  wal(0, null);
  expect(o.vitals.walBytesPerSecond).toBeNull();
  wal(1, 1000);
  wal(2, 3000);
  expect(o.vitals.walBytesPerSecond).toBe(2000);
});

test('history has one value per reading, unknown ones as such', () => {
  const o = observer();
  o.see({ database: [database(0)] });
  // what was first has in it what connecting has cost
  o.see({ database: [database(20, { xact_commit: 90 })] });
  const rows = [database(30, { xact_commit: 140 })];
  o.see({ database: rows });
  o.see({ database: rows });
  expect(o.vitals.series.tps.last(9)).toEqual([Number.NaN, Number.NaN, 5]);
  o.see({ summary: [{ clients: 7 } as RowOf<typeof activitySummary>] });
  expect(o.vitals.series.connections.last(9)).toEqual([7]);
});

test('what reading costs is no load: it is left out of the transactions of its database', () => {
  const o = observer();
  for (let s = 0; s <= 20; s++) {
    o.ask(8);
    o.see({ database: [database(s, { xact_commit: s * 8 }), database(s, { datid: 2, xact_commit: s * 5 })] });
  }
  expect(o.vitals.databases.map(({ tps }) => tps)).toEqual([0, 5]);
  expect(o.vitals.total.tps).toBe(5);
  // asked, and not yet in the server's statistics
  o.ask(800);
  o.see({ database: [database(21, { xact_commit: 168 })] });
  expect(first(o)?.tps).toBe(0);
});

test('the most that waited for locks at once, and when', () => {
  const o = observer();
  const waiting = (s: number, lock_waiting: number) =>
    o.see({ summary: [{ clients: 9, lock_waiting, server_ms: s * 1000 } as RowOf<typeof activitySummary>] });
  expect(o.vitals.waitingPeak).toBeUndefined();
  for (const [s, n] of [0, 3, 12, 5, 12, 0].entries()) waiting(s, n);
  expect(o.vitals.waitingPeak).toEqual({ count: 12, at: 2000 });
  for (let s = 6; s < 700; s++) waiting(s, 1);
  expect(o.vitals.waitingPeak?.count).toBe(1);
});
