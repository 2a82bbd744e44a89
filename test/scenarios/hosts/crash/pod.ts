import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwawayCluster } from '../../../support/cluster.ts';
import { type Cluster, kubectlStandIn } from '../../../support/kubectl/kubectl.ts';
import { CRASH, type Elsewhere, processesWith } from './place.ts';

export interface InPod extends Elsewhere {
  readonly cluster: Cluster;
}

/** In a pod of the stand-in of kubectl, whose commands run on this machine; connections go through a port-forward. */
export async function inPod(): Promise<InPod> {
  const token = randomBytes(8).toString('hex');
  const temporary = mkdtempSync(join(tmpdir(), 'pgdeck-there-'));
  const cluster = await kubectlStandIn();
  await cluster.environment({ PGDECK_TEST_THERE: token, TMPDIR: temporary });
  const server = await throwawayCluster({ autovacuum: 'off' });
  const { host, port } = server.target();
  return {
    cluster,
    runsOn: { kind: 'kubectl', context: 'test', namespace: 'production', pod: 'postgres-0', host, port },
    mark: cluster.directory.replace(/\.cluster$/, ''),
    target: (overrides) => server.target(overrides),
    left: async () => [...processesWith(`PGDECK_TEST_THERE=${token}`, 'environ'), ...readdirSync(temporary)],
    crashes: async () =>
      readFileSync(server.logFile, 'utf8')
        .split('\n')
        .filter((line) => CRASH.test(line)),
    remove: async () => {
      await server.remove();
      await cluster.remove();
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}
