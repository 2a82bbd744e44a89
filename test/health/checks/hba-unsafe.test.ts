import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hbaUnsafe } from '../../../src/health/checks/hba-unsafe.ts';
import { testDatabase, testServer, throwawayCluster } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

const db = await testDatabase();
const file = join(testServer().dataDir, 'pg_hba.conf');
const before = readFileSync(file, 'utf8');
afterAll(async () => {
  writeFileSync(file, before);
  await db.drop();
});

const look = (...lines: string[]) => {
  // the server goes by what it has loaded
  writeFileSync(file, `${lines.join('\n')}\n`);
  return lookAt(db.target(), { checks: [hbaUnsafe] });
};
const SAFE = 'host all all all scram-sha-256';

test('who gets in from this machine is known as one; from elsewhere nobody can while it does not listen', async () => {
  const { findings } = await look(
    'local all all trust',
    'host all all 127.0.0.1/32 trust',
    'host replication all ::1/128 trust',
    'host all all 10.0.0.0/8 trust',
    'host all all fd00::/8 password',
    SAFE,
  );
  expect(findings).toMatchObject([
    { id: 'hba_unsafe:password fd00::/8', severity: 'info' },
    { id: 'hba_unsafe:trust 10.0.0.0/8', severity: 'info' },
    { id: 'hba_unsafe:trust local', severity: 'info', evidence: expect.stringMatching(/^Lines 1, 2, 3 of/) },
  ]);
  expect((await look('local all all peer', 'hostssl all all all password', SAFE)).findings).toEqual([]);
});

test('a line that is wrong keeps the server from starting', async () => {
  expect((await look(SAFE, 'host all all 10.0.0.300/8 md5')).findings).toMatchObject([
    { id: 'hba_unsafe:error', severity: 'alert', title: 'pg_hba.conf has 1 error: line 2.' },
  ]);
});

test('a role that may not read the rules is told so', async () => {
  const { findings, unknown } = await lookAt(db.target(await db.roleWith('pg_monitor')), {
    checks: [hbaUnsafe],
  });
  expect(findings).toEqual([]);
  expect(unknown).toMatchObject([
    {
      check: 'hba_unsafe',
      reason: expect.stringContaining('Only superusers'),
      remedy: 'Connect as a superuser.',
    },
  ]);
});

test('a server of its own, which listens everywhere', async () => {
  const cluster = await throwawayCluster({ listen_addresses: '*' });
  try {
    writeFileSync(
      join(cluster.dataDir, 'pg_hba.conf'),
      [
        'host all app 0.0.0.0/0 trust',
        'host all all all trust',
        'host all all 10.1.0.0/16 trust',
        'host all all 10.2.0.0/16 ident',
        'host replication all 10.3.0.1/32 trust',
        'host all all 2001:db8::/32 trust',
      ].join('\n'),
    );
    const { findings } = await lookAt(cluster.target(), { checks: [hbaUnsafe] });
    expect(findings.map(({ id, severity }) => `${severity} ${id}`)).toEqual([
      'critical hba_unsafe:trust anywhere',
      'alert hba_unsafe:trust 10.1.0.0/16',
      'alert hba_unsafe:trust 2001:db8::/32',
      'warning hba_unsafe:ident 10.2.0.0/16',
      'warning hba_unsafe:trust 10.3.0.1/32',
    ]);
    expect(findings[0]?.title).toBe(
      'Anybody from anywhere gets in as any of these roles without a password: app, all.',
    );
  } finally {
    await cluster.remove();
  }
});
