import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { local, run } from '../../../../src/hosts/local.ts';
import { fileSystemOf, fileSystemToBe } from '../../../../src/ops/files/disk.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { backedUp, blocks, contextIn, planRestore } from '../../../ops/restore/stage.ts';
import { throwawayCluster, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const MB = 1024 ** 2;

test('a server whose disk is full in the middle of the load: the live database goes on, and there is room again', async (test_) => {
  const disk = join(home, 'disk');
  mkdirSync(disk);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=110m', 'tmpfs', disk]).catch(
    () => undefined,
  );
  if (mounted?.exitCode !== 0) return test_.skip('this user may not mount a file system');
  onTestFinished(async () => {
    await run('umount', ['-l', disk]);
  });
  const cluster = await throwawayCluster({ max_wal_size: '32MB' });
  onTestFinished(() => cluster.remove());
  const { uid, gid } = statSync(cluster.dataDir);
  const place = join(disk, 'space');
  mkdirSync(place);
  await chown(place, uid, gid);
  // the server's user has to reach it
  await run('chmod', ['755', home]);
  const admin = await connect(cluster.target(), 'workload', 'stage');
  await admin.sql(`CREATE TABLESPACE small LOCATION '${place}'`);
  await admin.sql('CREATE DATABASE shop TABLESPACE small');
  const shop = await connect(cluster.target({ database: 'shop' }), 'workload', 'stage');
  await shop.sql(
    'CREATE TABLE things AS SELECT n, repeat(md5(n::text), 30) AS word FROM generate_series(1, 12000) n',
  );
  await shop.close();
  const context = contextIn(cluster.target({ database: 'shop' }), home);
  const { id } = await backedUp(context);
  const plan = await planRestore(context, { backup: id, no_safety_backup: true });
  expect(blocks(plan)).toEqual([]);

  // what is only in memory of the live database takes its room now
  await admin.sql('CHECKPOINT');
  // somebody else needs the rest meanwhile
  const filler = join(disk, 'filler');
  const free = () => {
    const { bavail, bsize } = statfsSync(disk);
    return bavail * bsize;
  };
  writeFileSync(filler, Buffer.alloc(free() - 12 * MB));
  const before = free();
  const { end } = await carryOut(plan, context);
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  expect(end.text).toMatch(/No space left on device/);
  expect(await admin.sql("SELECT datname::text FROM pg_database WHERE datname ~ '^shop'")).toEqual([
    { datname: 'shop' },
  ]);
  expect(free()).toBeGreaterThan(before - MB);
  rmSync(filler);
  const live = await connect(cluster.target({ database: 'shop' }), 'workload', 'look');
  await live.sql("INSERT INTO things VALUES (0, 'more')");
  expect(await live.sql('SELECT count(*)::int AS n FROM things')).toEqual([{ n: 12_001 }]);
  await live.close();
  // and what has no room at all is refused before
  writeFileSync(filler, Buffer.alloc(free() - 5 * MB));
  const refused = await planRestore(context, { backup: id, no_safety_backup: true });
  expect(blocks(refused)).toEqual([
    expect.stringMatching(/^Disk of the server: .*space: .* are free, and the restore takes/),
  ]);
  // WAL is elsewhere, and no more than what is loaded
  await admin.sql("ALTER SYSTEM SET max_wal_size = '64GB'");
  await admin.sql('SELECT pg_reload_conf()');
  await until(async () => (await admin.sql('SHOW max_wal_size'))[0]?.max_wal_size === '64GB', {
    what: 'the server to read its settings again',
  });
  const told = (await planRestore(context, { backup: id, no_safety_backup: true })).checks.filter(
    ({ title }) => title === 'Disk of the server',
  );
  expect(told.map(({ status }) => status)).toEqual(['block', 'ok']);
  expect(told[1]?.detail).toMatch(/takes about \d+(\.\d+)? MB there: .* for WAL, as much as is loaded/);
  const ignored = await planRestore(context, { backup: id, no_safety_backup: true, ignore_space: true });
  expect([blocks(ignored), ignored.danger]).toEqual([[], 'type-name']);
  await admin.close();
});

test('a directory of the server that is not there is not known, and that of the repository will be', async () => {
  const absent = join(home, 'var', 'lib', 'postgresql', 'data');
  expect(await fileSystemOf(local, absent)).toBeUndefined();
  expect((await fileSystemToBe(absent))?.device).toBe(statSync(home).dev);
  expect(await fileSystemToBe('/proc/nothing/here')).toBeUndefined();
});

test('what goes into a new database is counted where the backup says that its tablespaces are', async (test_) => {
  const disk = join(home, 'away');
  mkdirSync(disk);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]).catch(() => undefined);
  if (mounted?.exitCode !== 0) return test_.skip('this user may not mount a file system');
  onTestFinished(async () => {
    await run('umount', ['-l', disk]);
  });
  const cluster = await throwawayCluster();
  onTestFinished(() => cluster.remove());
  const { uid, gid } = statSync(cluster.dataDir);
  const place = join(disk, 'space');
  mkdirSync(place);
  await chown(place, uid, gid);
  await run('chmod', ['755', home]);
  const admin = await connect(cluster.target(), 'workload', 'stage');
  await admin.sql(`CREATE TABLESPACE away LOCATION '${place}'`);
  await admin.sql('CREATE DATABASE shop');
  const shop = await connect(cluster.target({ database: 'shop' }), 'workload', 'stage');
  await shop.sql(
    'CREATE TABLE things TABLESPACE away AS SELECT n, repeat(md5(n::text), 30) AS word FROM generate_series(1, 13000) n',
  );
  await shop.close();
  const context = contextIn(cluster.target({ database: 'shop' }), home);
  const { id, manifest } = await backedUp(context);
  expect(manifest?.spread?.map(({ name }) => name)).toEqual(['', 'away']);
  const told = async (input: object) =>
    (await planRestore(context, { backup: id, into: 'copy', ...input })).checks
      .filter(({ title }) => title === 'Disk of the server')
      .map(({ status, detail }) => `${status} ${detail}`);
  expect(await told({})).toEqual([
    expect.stringMatching(/^ok .*data.* for data, .* for WAL/),
    expect.stringMatching(/^block .*space: .* are free, and the restore takes about 1\d(\.\d)? MB there/),
  ]);
  // where there is none of that name everything is in the database's own
  await admin.sql('ALTER TABLESPACE away RENAME TO elsewhere');
  expect(await told({})).toEqual([expect.stringMatching(/^ok /)]);
  await admin.close();
});
