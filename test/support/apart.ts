import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect, type Session } from '../../src/db/client.ts';
import { serverUser } from '../../src/hosts/cluster/binaries.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from './cluster.ts';
import { until } from './until.ts';

const APART = ['--pid', '--fork', '--kill-child'];
/** Whether this user may number processes anew. */
export const MAY_APART = spawnSync('unshare', [...APART, 'true']).status === 0;

/** A server that is reached like every other one on this machine, and whose processes have other numbers: as in a container. */
export async function serverApart(): Promise<{
  readonly cluster: Cluster;
  readonly remove: () => Promise<void>;
}> {
  const cluster = await throwawayCluster();
  await cluster.stop();
  const user = await serverUser();
  const postgres = [join(cluster.bin, 'postgres'), '-D', cluster.dataDir];
  const as =
    user === undefined
      ? []
      : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--'];
  const server = spawn('unshare', [...APART, '--', ...as, ...postgres], { cwd: '/', stdio: 'ignore' });
  const ended = once(server, 'exit');
  await until(
    async () => {
      const session: Session = await connect(cluster.target(), 'workload', 'test');
      await session.close();
      return true;
    },
    { what: 'a server that numbers its processes anew', timeout: 20_000 },
  );
  return {
    cluster,
    remove: async () => {
      server.kill('SIGKILL');
      await ended;
      await cluster.remove();
    },
  };
}
