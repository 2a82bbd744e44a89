import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseStats } from '../../../../src/db/queries/database.ts';
import {
  replicationReceiver,
  replicationSenders,
  replicationSlots,
  replicationStandby,
} from '../../../../src/db/queries/replication.ts';
import {
  archiver,
  checkpoints,
  prepared,
  walDirectory,
  walPosition,
  walStats,
} from '../../../../src/db/queries/wal.ts';
import { app, monitor, publish } from '../../../db/queries/session.ts';
import { type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('the counters of a database rise with what is done in it', async () => {
  const session = await monitor(db);
  const read = async () => {
    const rows = await session.run(databaseStats, undefined);
    expect(rows.map((row) => row.datname)).not.toContain('template0');
    return rows.find((row) => row.datname === db.database);
  };
  const before = await read();
  expect(before).toMatchObject({ datid: session.server.databaseOid });
  await publish(
    db,
    'CREATE TABLE counted AS SELECT generate_series(1, 500) AS id',
    'DELETE FROM counted WHERE id <= 30',
  );
  const after = await until(
    async () => {
      const row = await read();
      return row !== undefined && row.tup_deleted - (before?.tup_deleted ?? 0) >= 30 && row;
    },
    { what: '30 rows deleted' },
  );
  expect(after.tup_inserted - (before?.tup_inserted ?? 0)).toBeGreaterThanOrEqual(500);
  expect(after.xact_commit).toBeGreaterThan(before?.xact_commit ?? 1e9);
  expect(after.blks_hit).toBeGreaterThan(before?.blks_hit ?? 1e9);
  expect(after.server_ms).toBeGreaterThan(before?.server_ms ?? 1e15);
  if (session.server.major < 14) expect(after.session_time).toBeNull();
  else expect(after.session_time).toBeGreaterThan(0);
});

test('WAL moves by what is written, and is counted from 14 on', async () => {
  const session = await monitor(db);
  const [before] = await session.run(walPosition, undefined);
  await publish(db, "CREATE TABLE walled AS SELECT repeat('w', 100) AS w FROM generate_series(1, 5000)");
  const [after] = await session.run(walPosition, undefined);
  expect((after?.lsn_bytes ?? 0) - (before?.lsn_bytes ?? 0)).toBeGreaterThan(500_000);
  expect(after?.server_ms).toBeGreaterThan(before?.server_ms ?? 1e15);
  if (session.server.major < 14) {
    expect(walStats.unavailable?.(session.server)?.reason).toContain('14');
    return;
  }
  expect(walStats.unavailable?.(session.server)).toBeUndefined();
  await until(async () => ((await session.run(walStats, undefined))[0]?.wal_bytes ?? 0) > 500_000, {
    what: 'the bytes counted',
  });
});

test('a checkpoint by command is counted as requested', async () => {
  const session = await monitor(db);
  const [before] = await session.run(checkpoints, undefined);
  const admin = await app(db);
  await admin.sql('CREATE TABLE dirty AS SELECT generate_series(1, 1000)');
  await admin.sql('CHECKPOINT');
  const after = await until(
    async () => {
      const [row] = await session.run(checkpoints, undefined);
      return row !== undefined && row.num_requested > (before?.num_requested ?? 1e9) && row;
    },
    { what: 'the checkpoint counted' },
  );
  expect(after.buffers_written).toBeGreaterThan(before?.buffers_written ?? 1e9);
  expect(after.num_done === null).toBe(session.server.major < 18);
});

test('the directory of WAL has at least one segment, and is closed to a role without rights', async () => {
  const session = await monitor(db, await db.roleWith('pg_monitor'));
  const [row] = await session.run(walDirectory, undefined);
  expect(row?.total_bytes).toBe((row?.files ?? 0) * 16 * 1024 * 1024);
  const plain = await monitor(db, await db.roleWith());
  await expect(plain.run(walDirectory, undefined)).rejects.toMatchObject({ kind: 'denied' });
});

test('a prepared transaction has a name, an owner and an age', async () => {
  const session = await monitor(db);
  const maker = await app(db);
  await maker.sql('BEGIN');
  await maker.sql('CREATE TABLE later (id int)');
  await maker.sql("PREPARE TRANSACTION 'kept for later'");
  const rows = await session.run(prepared, undefined);
  await maker.sql("ROLLBACK PREPARED 'kept for later'");
  const row = rows.find((r) => r.gid === 'kept for later');
  expect(row).toMatchObject({ owner: 'postgres', database: db.database });
  expect(row?.prepared_seconds).toBeGreaterThan(0);
  expect(row?.xid_age).toBeGreaterThan(0);
});

test('a primary without receivers has none, and a slot keeps WAL', async () => {
  const session = await monitor(db);
  expect(await session.run(replicationReceiver, undefined)).toEqual([]);
  expect(await session.run(replicationStandby, undefined)).toMatchObject([
    { standby: false, paused: null, replay_lag_seconds: null, replay_lag_bytes: null },
  ]);
  expect(Array.isArray(await session.run(replicationSenders, undefined))).toBe(true);
  expect(await session.run(archiver, undefined)).toMatchObject([
    { archived_count: 0, failing: false, last_failed_seconds: null },
  ]);
  const name = `slot_${db.database}`;
  const admin = await app(db);
  await admin.sql('SELECT pg_create_physical_replication_slot($1, true)', [name]);
  try {
    await admin.sql("CREATE TABLE slotted AS SELECT repeat('s', 100) FROM generate_series(1, 5000)");
    // what is not yet flushed is not counted
    const slot = await until(
      async () => {
        const rows = await session.run(replicationSlots, undefined);
        return rows.find((row) => row.slot_name === name && (row.retained_bytes ?? 0) > 500_000);
      },
      { what: 'WAL kept by the slot' },
    );
    expect(slot).toMatchObject({
      slot_type: 'physical',
      active: false,
      wal_status: 'reserved',
      database: null,
    });
    expect(slot?.unconfirmed_bytes).toBeNull();
    if (session.server.major >= 17) expect(slot?.inactive_seconds).toBeGreaterThan(0);
    else expect(slot?.inactive_seconds).toBeNull();
  } finally {
    await admin.sql('SELECT pg_drop_replication_slot($1)', [name]);
  }
});
