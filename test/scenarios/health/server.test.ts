import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { checkpoints as counters } from '../../../src/db/queries/wal.ts';
import { archiver } from '../../../src/health/checks/archiver.ts';
import { checkpoints } from '../../../src/health/checks/checkpoints.ts';
import { checksums } from '../../../src/health/checks/checksums.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { local } from '../../../src/hosts/local.ts';
import { lookAt } from '../../health/stage.ts';
import { serverTarget, throwawayCluster, until } from '../../support/cluster.ts';

let cluster: Cluster;
let admin: Session;
beforeAll(async () => {
  cluster = await throwawayCluster({
    archive_mode: 'on',
    archive_command: 'false',
    max_wal_size: '32MB',
    checkpoint_timeout: '5min',
    autovacuum: 'off',
  });
  await enter();
  await admin.sql('CREATE TABLE t (id int)');
});
afterAll(async () => {
  await admin?.close();
  await cluster?.remove();
});

async function enter(): Promise<void> {
  admin = await connect(cluster.target(), 'workload', 'test');
}

test('an archive_command that fails is found, and no more once a segment gets to the archive', async () => {
  const checks = [archiver];
  await admin.sql('SELECT pg_switch_wal()');
  const found = await until(
    async () => {
      const { findings } = await lookAt(cluster.target(), { checks });
      return findings.length > 0 && findings;
    },
    { what: 'a failure counted' },
  );
  // it has only begun
  expect(found).toMatchObject([{ id: 'archiver', severity: 'alert' }]);
  expect(found[0]?.title).toMatch(/^Archiving fails: [0-9A-F]{24} could not be archived\.$/);
  expect(found[0]?.evidence).toMatch(/nothing was archived yet\.$/);
  await admin.sql("ALTER SYSTEM SET archive_command = 'true'");
  await admin.sql('SELECT pg_reload_conf()');
  await until(async () => (await lookAt(cluster.target(), { checks })).findings.length === 0, {
    what: 'a segment archived',
  });
  // without an archive there is nothing to fail
  expect(await lookAt(serverTarget(), { checks })).toMatchObject({ findings: [], unknown: [] });
});

test('checkpoints that WAL asks for are found, and those by command are not', async () => {
  const checks = [checkpoints];
  const requested = async () => (await admin.run(counters, undefined))[0]?.num_requested ?? 0;
  const early = async () => {
    const before = await requested();
    await until(
      async () => {
        await admin.sql('INSERT INTO t VALUES (1)');
        await admin.sql('SELECT pg_switch_wal()');
        return (await requested()) >= before + 3;
      },
      { what: 'three checkpoints' },
    );
  };
  const seen = await lookAt(cluster.target(), { checks, meanwhile: early });
  expect(seen.findings).toMatchObject([
    {
      id: 'checkpoints',
      severity: 'critical',
      value: 100,
      remedy: { sql: "ALTER SYSTEM SET max_wal_size = '1GB'" },
    },
  ]);
  expect(seen.findings[0]?.evidence).toMatch(/: \d+ because max_wal_size \(32 MB\) was used up, 0 by time,/);
  expect(seen.score).toBe(0);

  const commands = async () => {
    for (let i = 0; i < 5; i++)
      for (const sql of ['INSERT INTO t VALUES (1)', 'CHECKPOINT']) await admin.sql(sql);
  };
  const short = await lookAt(cluster.target(), { checks, meanwhile: commands });
  expect(short.unknown).toMatchObject([{ reason: expect.stringMatching(/^It takes 10m of samples; /) }]);
  const long = await lookAt(cluster.target(), { checks, seconds: 600, meanwhile: commands });
  expect(long).toMatchObject({ findings: [], unknown: [], score: 100 });
});

/** What initdb has not switched on; servers without client programs lack it. */
const switchesOn = () => join(cluster.bin, 'pg_checksums');

test('that checksums are off is worth knowing', async () => {
  const off = await lookAt(cluster.target(), { checks: [checksums] });
  // initdb switches them on from 18 on
  expect(off.findings).toMatchObject(
    cluster.major >= 18 ? [] : [{ id: 'checksums', severity: 'info', category: 'errors' }],
  );
});

test('a page that the disk has damaged is found', async ({ skip }) => {
  const checks = [checksums];
  skip(cluster.major < 18 && !existsSync(switchesOn()), 'pg_checksums is not installed with this server');
  await admin.close();
  await cluster.stop();
  if (cluster.major < 18) {
    const enabled = await local.run(switchesOn(), ['--enable', '-D', cluster.dataDir]);
    expect(enabled).toMatchObject({ exitCode: 0 });
  }
  await cluster.start();
  await enter();
  expect((await lookAt(cluster.target(), { checks })).findings).toEqual([]);
  await admin.sql('CREATE TABLE damaged AS SELECT generate_series(1, 100) AS id');
  const [file] = await admin.sql("SELECT pg_relation_filepath('damaged') AS path");
  await admin.close();
  await cluster.stop();
  const page = await open(join(cluster.dataDir, String(file?.path)), 'r+');
  await page.write(Buffer.from('rot'), 0, 3, 8000);
  await page.close();
  await cluster.start();
  await enter();
  await expect(admin.sql('SELECT count(*) FROM damaged')).rejects.toThrow(/invalid page/);
  const seen = await until(
    async () => {
      const found = await lookAt(cluster.target(), { checks });
      return found.findings.length > 0 && found;
    },
    { what: 'the failure counted' },
  );
  expect(seen.findings).toMatchObject([{ id: 'checksums:postgres', severity: 'critical', cap: 30 }]);
  expect(seen.findings[0]?.title).toMatch(/^1 page of postgres did not match its checksum\.$/);
  await admin.sql('DROP TABLE damaged');
  await admin.sql('SELECT pg_stat_reset()');
  await until(async () => (await lookAt(cluster.target(), { checks })).findings.length === 0, {
    what: 'the reset',
  });
});
