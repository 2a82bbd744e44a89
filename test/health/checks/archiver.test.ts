import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { archiver } from '../../../src/health/checks/archiver.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { serverTarget, throwawayCluster, until } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let cluster: Cluster;
let admin: Session;
beforeAll(async () => {
  cluster = await throwawayCluster({ archive_mode: 'on', archive_command: 'false', wal_level: 'replica' });
  admin = await connect(cluster.target(), 'workload', 'test');
});
afterAll(async () => {
  await admin?.close();
  await cluster?.remove();
});

const checks = [archiver];

test('an archive_command that fails is found, and no more once a segment gets to the archive', async () => {
  await admin.sql('CREATE TABLE t ()');
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
});

test('without an archive there is nothing to fail', async () => {
  expect(await lookAt(serverTarget(), { checks })).toMatchObject({ findings: [], unknown: [] });
});
