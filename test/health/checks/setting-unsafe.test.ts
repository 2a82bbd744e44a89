import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/client.ts';
import { settingUnsafe } from '../../../src/health/checks/setting-unsafe.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { client, throwawayCluster, until } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

// a server of its own: what is archived is decided when it begins
let cluster: Cluster;
let admin: Session;
beforeAll(async () => {
  cluster = await throwawayCluster({
    archive_mode: 'on',
    archive_command: '',
    // the default of 13 is another one
    password_encryption: 'scram-sha-256',
  });
  admin = await client(cluster.target());
});
afterAll(async () => {
  await admin.close();
  await cluster.remove();
});

async function findings() {
  return (await lookAt(cluster.target(), { checks: [settingUnsafe] })).findings;
}
const ids = async () => (await findings()).map(({ id, severity }) => `${severity} ${id}`);

async function set(settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings))
    await admin.sql(`ALTER SYSTEM SET ${name} = '${value}'`);
  await admin.sql('SELECT pg_reload_conf()');
  const names = Object.keys(settings);
  await until(
    async () =>
      (
        await admin.sql('SELECT name, reset_val, pending_restart FROM pg_settings WHERE name = ANY ($1)', [
          names,
        ])
      ).every((row) => row.pending_restart === true || row.reset_val === settings[String(row.name)]),
    { what: 'the settings' },
  );
}

test('what can lose data is found by its name, the worst first, and no more once it is put right', async () => {
  expect(await findings()).toMatchObject([
    {
      id: 'setting_unsafe:fsync',
      severity: 'critical',
      title: 'fsync is off.',
      evidence: expect.stringContaining('configuration file'),
      // what was written before it is not on disk by that
      remedy: {
        sql: "ALTER SYSTEM SET fsync = 'on';\nSELECT pg_reload_conf();",
        cost: expect.stringContaining('run sync'),
      },
    },
    { id: 'setting_unsafe:archive_command', severity: 'alert' },
    { id: 'setting_unsafe:full_page_writes', severity: 'alert' },
    { id: 'setting_unsafe:synchronous_commit', severity: 'info' },
  ]);
  await set({ fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', archive_command: 'test -n %p' });
  expect(await ids()).toEqual([]);
});

test('an archive_command that archives nothing, damaged pages that are emptied, and a restart that is due', async () => {
  await set({
    archive_command: '/bin/true',
    zero_damaged_pages: 'on',
    password_encryption: 'md5',
    wal_level: 'logical',
  });
  expect(await ids()).toEqual([
    'critical setting_unsafe:zero_damaged_pages',
    'warning setting_unsafe:archive_command',
    'warning setting_unsafe:password_encryption',
    'info setting_unsafe:pending_restart',
  ]);
  const due = (await findings()).find(({ object }) => object === 'pending_restart');
  expect(due?.remedy).toMatchObject({ operation: 'server restart', input: {} });
  await set({
    archive_command: 'test -n %p',
    zero_damaged_pages: 'off',
    password_encryption: 'scram-sha-256',
    wal_level: 'replica',
  });
  expect(await ids()).toEqual([]);
});

test('what is set for a role or a database is found with whom it is for, also by one of those', async () => {
  await admin.sql('ALTER ROLE postgres SET zero_damaged_pages = true');
  await admin.sql('ALTER DATABASE postgres SET synchronous_commit = off');
  await admin.sql('ALTER ROLE postgres IN DATABASE postgres SET session_replication_role = replica');
  const found = await findings();
  expect(found.map(({ id }) => id)).toEqual([
    'setting_unsafe:zero_damaged_pages:postgres@*',
    'setting_unsafe:session_replication_role:postgres@postgres',
    'setting_unsafe:synchronous_commit:*@postgres',
  ]);
  for (const { remedy } of found) if ('sql' in remedy) await admin.sql(remedy.sql);
  expect(await ids()).toEqual([]);
});

test('a role without rights sees the same', async () => {
  await admin.sql('CREATE ROLE nobody LOGIN');
  await set({ fsync: 'off' });
  const { findings: found, unknown } = await lookAt(cluster.target({ user: 'nobody' }), {
    checks: [settingUnsafe],
  });
  expect([found.map(({ id }) => id), unknown]).toEqual([['setting_unsafe:fsync'], []]);
});
