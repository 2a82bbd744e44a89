import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { makeCertificates, NO_OPENSSL } from '../../support/certificates.ts';
import { clusterInMemory } from '../../support/memory.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { NO_SSHD, type Sshd, startSshd } from '../../support/sshd.ts';

vi.setConfig({ testTimeout: 300_000 });

describe.skipIf(NO_SSHD !== undefined || NO_OPENSSL)('a certificate that is checked behind a tunnel', () => {
  const home = temporaryDirectory();
  const keys = temporaryDirectory();
  const file = join(home, 'settings.json');
  const env = cleanEnvironment(home, { PGDECK_CONFIG: file, BACKUP_DIR: join(home, 'backups') });
  let cluster: Cluster;
  let sshd: Sshd;
  beforeAll(async () => {
    const settings = await makeCertificates(keys, 'db1.invalid');
    [cluster, sshd] = await Promise.all([
      clusterInMemory({ bin: inject('postgres').bin, settings }),
      startSshd(),
    ]);
  });
  afterAll(async () => {
    await sshd?.stop();
    await cluster?.remove();
  });

  /** What profile test finds of a server whose name only the other end could resolve. */
  async function tested({
    host = 'db1.invalid',
    root = 'ca.crt',
    there = '127.0.0.1' as string | undefined,
  } = {}) {
    const { destination, config } = sshd;
    const runs_on = { kind: 'ssh', destination, config, tunnel: true, port: cluster.port, host: there };
    const profile = {
      host,
      user: 'postgres',
      sslmode: 'verify-full',
      sslrootcert: join(keys, root),
      runs_on,
    };
    writeFileSync(file, JSON.stringify({ profiles: { far: { ...profile, database: 'postgres' } } }));
    const { code, stdout } = await pgdeckHere(['profile', 'test', 'far', '--json'], env);
    const { hops, tls } = JSON.parse(stdout).test;
    const of = (name: string) => hops.find(({ hop }: { hop: string }) => hop === name);
    return { code, tls, database: of('database'), same: of('the same server from there'), hops };
  }

  test('it is that of the name that the profile has, though a socket is connected to', async () => {
    const { tls, database, same } = await tested();
    expect(database).toMatchObject({ status: 'ok' });
    expect(tls).toMatch(/^TLSv1\.[23]/);
    // on its own machine psql needs no certificate of this one
    expect(same).toMatchObject({ status: 'ok' });
  });

  test('one for another name, or of another authority, is refused', async () => {
    const name = await tested({ host: 'db2.invalid' });
    expect(name.code).toBe(3);
    expect(name.database.detail).toMatch(/its certificate is for db1\.invalid, not for db2\.invalid/);
    const authority = await tested({ root: 'other.crt' });
    expect(authority.code).toBe(3);
    expect(authority.database.detail).toMatch(/nobody in sslrootcert vouches for its certificate/);
  });

  test('a backup is made there', async () => {
    await tested();
    const { code, stderr } = await pgdeckHere(['backup', '--profile', 'far', '--yes'], env);
    expect(code, stderr).toBe(0);
  });
});
