import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverUser } from '../../src/hosts/cluster/binaries.ts';

export const NO_OPENSSL = spawnSync('openssl', ['version']).status !== 0;

/**
 * Writes the authorities `ca` and `other` into a directory, and `server.crt` with its key, which the first has signed for
 * one name and the server may read. Returns the settings of a server that shows it.
 */
export async function makeCertificates(directory: string, name: string): Promise<Record<string, string>> {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const [certificate, key] = [join(directory, 'server.crt'), join(directory, 'server.key')];
  for (const authority of ['ca', 'other'])
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', `${authority}.key`, '-out', `${authority}.crt`, '-subj', `/CN=${authority}`],
    );
  openssl(
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-keyout', 'server.key', '-out', 'server.csr', '-subj', `/CN=${name}`],
  );
  writeFileSync(join(directory, 'names'), `subjectAltName=DNS:${name}\n`);
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', 'names', '-out', 'server.crt'],
  );
  chmodSync(directory, 0o755);
  chmodSync(key, 0o600);
  const user = await serverUser();
  if (user) chownSync(key, user.uid, user.gid);
  return { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key };
}
