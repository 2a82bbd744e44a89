import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { placesOf } from '../../../../src/config/runs-on.ts';
import type { Cluster as Server } from '../../../../src/hosts/cluster/cluster.ts';
import { openHost } from '../../../../src/hosts/open.ts';
import { routeTo } from '../../../../src/hosts/route.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { complaints } from '../../../ops/maintain/stage.ts';
import { asked, pgCtl, planned, removed, restartable } from '../../../ops/server/stage.ts';
import { type Cluster, kubectlStandIn, podJson } from '../../../support/kubectl/kubectl.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let cluster: Cluster;
let server: Server;
beforeAll(async () => {
  cluster = await kubectlStandIn();
  server = await restartable();
  await cluster.forwardTo(server.port);
});
afterAll(async () => {
  await removed(server);
  await cluster?.remove();
});
beforeEach(async () => {
  await cluster.pod('postgres-0');
  await cluster.workload('statefulset', 'postgres', 1);
  // as the StatefulSet makes it anew: the server ends, and begins in another pod of the same name
  const after = join(cluster.directory, 'after', 'postgres-0.json');
  await writeFile(after, JSON.stringify(podJson('postgres-0', { uid: 'uid-2' })));
  await writeFile(
    join(cluster.directory, 'restart'),
    `(${await pgCtl(server, 'restart', '-m', 'fast')}) >/dev/null\ncp "${after}" "$here/pod/postgres-0.json"\n`,
  );
});

/** Nothing but the port-forward leads to the server. */
async function context(): Promise<OpContext> {
  const runsOn = { kind: 'kubectl', namespace: 'production', pod: 'postgres-0', forward: true } as const;
  const via = routeTo(runsOn, { host: '127.0.0.1', port: 5432 });
  if (via === undefined) throw new Error('there is no way');
  const { host, port } = server.target();
  const made = contextOf({ ...server.target(), port: 1, via }, home, {
    host: await openHost(runsOn),
    more: { runsOn: placesOf({ runs_on: { ...runsOn, host, port } }) },
  });
  onTestFinished(async () => {
    await made.close();
    await via.close();
  });
  return made;
}

test('what makes the pod is told to make it anew, and what waited is in force in the next', async () => {
  await asked(server, "ALTER SYSTEM SET max_connections = '66'");
  await asked(server, 'SELECT pg_reload_conf()');
  await expect.poll(() => asked(server, 'SELECT count(*) FROM pg_settings WHERE pending_restart')).toBe('1');
  const here = await context();
  const plan = await planned(here);
  expect(complaints(plan).filter((line) => line.startsWith('block'))).toEqual([]);
  expect(plan.checks).toContainEqual(
    expect.objectContaining({
      detail: 'The server runs in postgres-0, which statefulset/postgres makes anew.',
    }),
  );
  const words = 'kubectl --context=test --namespace=production rollout';
  expect(plan.steps.find(({ id }) => id === 'restart')?.preview).toBe(
    `${words} restart statefulset/postgres && ${words} status statefulset/postgres --timeout=300s`,
  );
  const { end } = await carryOut(plan, here);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await asked(server, 'SHOW max_connections')).toBe('66');
});

test('a rollout that makes nothing anew is no restart', async () => {
  await writeFile(join(cluster.directory, 'restart'), ':\n');
  const here = await context();
  const { end } = await carryOut(await planned(here, { timeout: 1 }), here);
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  expect(end.text).toMatch(/is the one from before: kubectl .* has not restarted it/);
});

test('a pod that nobody makes anew is not restarted', async () => {
  await cluster.pod('postgres-0', { owner: ['Job', 'once'] });
  expect(complaints(await planned(await context()))).toContainEqual(
    expect.stringMatching(/^block Restart: Nothing makes the pod postgres-0 anew/),
  );
});
