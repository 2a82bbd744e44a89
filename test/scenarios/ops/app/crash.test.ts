import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import type { Cluster as Server } from '../../../../src/hosts/cluster/cluster.ts';
import { leftBehind, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { type Cluster, kubectlStandIn } from '../../../support/kubectl/kubectl.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const stopped = join(home, 'worker-stopped');
const settings = join(home, 'settings.json');
let cluster: Cluster;
let server: Server;
let env: Record<string, string>;
beforeAll(async () => {
  cluster = await kubectlStandIn();
  server = await throwawayCluster();
  const admin = await connect(server.target(), 'workload', 'admin');
  await admin.sql('CREATE DATABASE shop');
  await admin.close();
  const { host, port, user } = server.target();
  mkdirSync(join(home, 'backups'));
  writeFileSync(
    settings,
    JSON.stringify({
      profiles: {
        shop: {
          ...{ host, port, user, database: 'shop' },
          backup: { directory: join(home, 'backups') },
          app: {
            stop: [
              { kind: 'kubectl', deployment: 'backend', namespace: 'production' },
              { kind: 'command', stop: `touch ${stopped}`, start: `rm -f ${stopped}` },
            ],
          },
        },
      },
    }),
  );
  env = cleanEnvironment(home, { PGDECK_CONFIG: settings });
  const made = await pgdeck(['--profile', 'shop', 'backup', '--yes'], env);
  expect(made.code, made.stderr).toBe(0);
});
afterAll(async () => {
  await server?.remove();
  await cluster?.remove();
});
beforeEach(() => cluster.workload('deployment', 'backend', 3));

test.each(['app-stop:kubectl', 'app-stop:end', 'swap', 'swap:end'])(
  'killed at %s, with the application stopped: recover starts it again with the old count',
  { timeout: 120_000 },
  async (point) => {
    const args = ['--profile', 'shop', 'restore', 'newest', '--confirm', 'shop', '--jobs', '1'];
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...env, PGDECK_CRASH_AT: point },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += text));
    const [, signal] = await once(child, 'close');
    expect(signal, said).toBe('SIGKILL');
    expect(await cluster.replicas('deployment', 'backend')).toBe(0);

    const recovered = await pgdeck(['--profile', 'shop', 'recover', '--yes'], env);
    expect(recovered.code, recovered.stdout + recovered.stderr).toBe(0);
    expect(await cluster.replicas('deployment', 'backend')).toBe(3);
    expect(existsSync(stopped)).toBe(false);
    expect(listRuns(join(home, '.local', 'state', 'pgdeck', 'runs')).filter(leftBehind)).toEqual([]);
  },
);
