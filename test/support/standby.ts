import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { local } from '../../src/hosts/local.ts';

/**
 * A standby of `primary`, which is started anew; the standby is left stopped. A copy of a server that is stopped is a
 * base backup: the packages of the majors have no pg_basebackup.
 */
export async function createStandby(
  primary: Cluster,
  bin: string,
  conninfo = '',
  settings: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const { host, port } = primary.target();
  const standby = await createCluster({
    bin,
    settings: {
      primary_conninfo: `host=${host} port=${port} user=postgres ${conninfo}`,
      wal_receiver_status_interval: '1s',
      ...settings,
    },
  });
  await Promise.all([primary.stop(), standby.stop()]);
  for (const name of await readdir(standby.dataDir))
    await rm(join(standby.dataDir, name), { recursive: true });
  const { exitCode, stderr } = await local.run('cp', ['-a', `${primary.dataDir}/.`, standby.dataDir]);
  if (exitCode !== 0) throw new Error(stderr);
  await writeFile(join(standby.dataDir, 'standby.signal'), '');
  await primary.start();
  return standby;
}
