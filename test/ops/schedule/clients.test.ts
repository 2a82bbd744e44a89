import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appSchema, appSettings } from '../../../src/config/app.ts';
import { placesOf } from '../../../src/config/runs-on.ts';
import { local } from '../../../src/hosts/local.ts';
import { clientsOf } from '../../../src/ops/schedule/clients.ts';
import { jobOf } from '../../../src/ops/schedule/job.ts';
import { serverTarget } from '../../support/cluster.ts';
import { type Cluster, kubectlStandIn } from '../../support/kubectl/kubectl.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { contextOf } from '../engine/run/stage.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await kubectlStandIn();
});
afterAll(() => cluster.remove());

const POD = { kind: 'kubectl', namespace: 'production', pod: 'postgres-0' } as const;
const stop = appSettings(appSchema.parse({ stop: { kind: 'kubectl', deployment: 'backend' } }));

test.each([
  ['the server', { runsOn: placesOf({ runs_on: POD }), app: appSettings() }],
  ['the application', { runsOn: placesOf(), app: stop }],
])('cron finds kubectl where %s needs it', async (_what, more) => {
  const bin = dirname(cluster.directory);
  const { before, checks } = await clientsOf({ here: local, ...more });
  expect(before).toEqual(['env', `PATH=${bin}:/usr/bin:/bin`]);
  expect(checks).toEqual([expect.objectContaining({ title: 'kubectl', status: 'ok' })]);
  const context = contextOf(serverTarget(), temporaryDirectory(), { env: { KUBECONFIG: '/etc/kube' } });
  const job = { name: 'nightly', at: '0 2 * * *', words: ['backup'], flock: false };
  const { line } = jobOf(context, { ...job, program: [...before, 'pgdeck'] });
  expect(line).toContain(`KUBECONFIG=/etc/kube PGDECK_JOB=nightly env PATH=${bin}:/usr/bin:/bin pgdeck `);
});

test('what is not here is said, and a server of this machine needs nothing', async () => {
  const here = { ...local, run: async () => ({ exitCode: 127, stdout: '', stderr: '' }) };
  expect(await clientsOf({ here, runsOn: placesOf({ runs_on: POD }), app: appSettings() })).toEqual({
    before: [],
    checks: [expect.objectContaining({ title: 'kubectl', status: 'warn' })],
  });
  expect(await clientsOf({ here: local, runsOn: placesOf(), app: appSettings() })).toEqual({
    before: [],
    checks: [],
  });
});
