import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cluster, createCluster } from '../../../../src/hosts/cluster/cluster.ts';
import { makeCertificates, NO_OPENSSL } from '../../../support/certificates.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const directory = temporaryDirectory();
const path = (name: string) => join(directory, name);

describe.skipIf(NO_OPENSSL)('a server with a certificate', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    const settings = await makeCertificates(directory, 'localhost');
    cluster = await createCluster({ bin: inject('postgres').bin, settings });
  });
  afterAll(() => cluster.remove());

  async function tls(host: string, variables: Record<string, string>, home = path('home')) {
    const { port, user } = cluster.target();
    const args = ['profile', 'test', '--json', '-h', host, '-p', String(port), '-U', user, '-d', 'postgres'];
    const { code, stdout, stderr } = await pgdeck(args, cleanEnvironment(home, variables));
    return code === 0 ? JSON.parse(stdout).test.tls : `${code} ${stderr}`;
  }

  test.each([
    ['127.0.0.1', { PGSSLMODE: 'disable' }, null],
    ['127.0.0.1', { PGSSLMODE: 'allow' }, null],
    ['127.0.0.1', {}, /^TLSv1\.[23]/],
    ['127.0.0.1', { PGSSLMODE: 'require' }, /^TLSv1\.[23]/],
    ['127.0.0.1', { PGSSLMODE: 'verify-ca', PGSSLROOTCERT: path('ca.crt') }, /^TLSv1\.[23]/],
    ['localhost', { PGSSLMODE: 'verify-full', PGSSLROOTCERT: path('ca.crt') }, /^TLSv1\.[23]/],
    [
      '127.0.0.1',
      { PGSSLMODE: 'verify-full', PGSSLROOTCERT: path('ca.crt') },
      /^3 pgdeck: TLS with .* failed: its certificate is for localhost, not for 127\.0\.0\.1\..*sslmode=verify-ca/s,
    ],
    [
      'localhost',
      { PGSSLMODE: 'verify-full', PGSSLROOTCERT: 'system' },
      /^3 pgdeck: TLS with .* failed: nobody in sslrootcert vouches for its certificate\..*root\.crt/s,
    ],
    [
      '127.0.0.1',
      { PGSSLMODE: 'verify-ca', PGSSLROOTCERT: path('other.crt') },
      /^3 pgdeck: TLS with .* failed: nobody in sslrootcert vouches/,
    ],
    // with a root certificate `require` checks it, as in libpq
    ['127.0.0.1', { PGSSLMODE: 'require', PGSSLROOTCERT: path('other.crt') }, /^3 pgdeck: TLS with/],
  ])('%s %j', async (host, variables, expected) => {
    const found = await tls(host, variables);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatch(expected);
  });

  test('the root certificate of the home directory is used', async () => {
    mkdirSync(path('with-root/.postgresql'), { recursive: true });
    copyFileSync(path('ca.crt'), path('with-root/.postgresql/root.crt'));
    expect(await tls('localhost', { PGSSLMODE: 'verify-full' }, path('with-root'))).toMatch(/^TLSv1/);
  });
});
