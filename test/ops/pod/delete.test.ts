import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { placesOf } from '../../../src/config/runs-on.ts';
import { podDelete } from '../../../src/ops/pod/delete.ts';
import { podRestart } from '../../../src/ops/pod/restart.ts';
import { podScale } from '../../../src/ops/pod/scale.ts';
import { serverTarget } from '../../support/cluster.ts';
import { type Cluster, kubectlStandIn, podJson } from '../../support/kubectl/kubectl.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf } from '../engine/run/stage.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await kubectlStandIn();
  await cluster.workload('statefulset', 'postgres', 1);
});
afterAll(() => cluster.remove());

const CRASHING = {
  restarts: 7,
  waiting: ['CrashLoopBackOff', 'back-off 5m0s restarting failed container'],
  exitCode: 1,
} as const;
beforeEach(async () => {
  await cluster.pod('postgres-0', CRASHING);
  await cluster.log(
    'postgres-0',
    'FATAL: could not write lock file "postmaster.pid": No space left on device\n',
  );
  await cluster.events([
    {
      type: 'Warning',
      reason: 'BackOff',
      message: 'Back-off restarting failed container',
      count: 31,
      lastTimestamp: '2026-01-02T00:00:00Z',
    },
    { type: 'Normal', reason: 'Pulled', message: 'Container image already present' },
  ]);
  // as the StatefulSet makes it anew
  await writeFile(
    join(cluster.directory, 'after', 'postgres-0.json'),
    JSON.stringify(podJson('postgres-0', { uid: 'uid-2' })),
  );
});

// the server is down: nothing may ask it
const context = () =>
  contextOf({ ...serverTarget(), host: '127.0.0.1', port: 1 }, temporaryDirectory(), {
    more: { runsOn: placesOf({ runs_on: { kind: 'kubectl', namespace: 'production', pod: 'postgres-0' } }) },
  });

test('a pod that is crash-looping is deleted, and the one that is made anew waited for', async () => {
  const plan = await podDelete.plan(podDelete.input.parse({}), context());
  expect(plan.facts.find(({ label }) => label === 'State')?.value).toBe(
    'postgres-0 is crash-looping, restarted 7 times, last with exit code 1.',
  );
  expect(plan.tables?.slice(0, 2).map(({ rows }) => rows)).toEqual([
    [['FATAL: could not write lock file "postmaster.pid": No space left on device']],
    [['BackOff: Back-off restarting failed container (31 times)']],
  ]);
  expect(plan.steps[0]?.preview).toBe(
    'kubectl --context=test --namespace=production delete pod postgres-0 --wait=true',
  );
  const { end } = await carryOut(plan, context());
  expect(end, end.text).toMatchObject({ ok: true, status: 'done' });
});

test('what the cluster’s owner has to do is told as a command', async () => {
  const { tables } = await podDelete.plan(podDelete.input.parse({}), context());
  const rows = tables
    ?.at(-1)
    ?.rows.map(([what, command]) => `${what}: ${command}`)
    .join('\n');
  expect(rows).toContain(
    `grow the volume postgres-pvc: kubectl --context=test --namespace=production patch pvc postgres-pvc -p '{"spec":{"resources":{"requests":{"storage":"NEW_SIZE"}}}}'`,
  );
  expect(rows).toMatch(/edit statefulset\/postgres/);
});

test('one that nobody makes anew is not deleted', async () => {
  await cluster.pod('postgres-0', { ...CRASHING, owner: ['Job', 'once'] });
  const plan = await podDelete.plan(podDelete.input.parse({}), context());
  expect(plan.checks.find(({ status }) => status === 'block')?.detail).toMatch(
    /Nothing makes postgres-0 anew/,
  );
});

test('one that does not come is told with what it is at', async () => {
  await copyFile(
    join(cluster.directory, 'pod', 'postgres-0.json'),
    join(cluster.directory, 'after', 'postgres-0.json'),
  );
  const plan = await podDelete.plan(podDelete.input.parse({ timeout: 1 }), context());
  const { end } = await carryOut(plan, context());
  expect(end).toMatchObject({ ok: false });
  expect(end.text).toMatch(/postgres-0 is not ready 1 s later: postgres-0 is the one from before/);
});

test('a rollout is begun and waited for', async () => {
  await writeFile(
    join(cluster.directory, 'restart'),
    `cp "$here/after/postgres-0.json" "$here/pod/postgres-0.json"\n`,
  );
  const plan = await podRestart.plan(podRestart.input.parse({}), context());
  expect(plan.steps[0]?.preview).toMatch(
    /rollout restart statefulset\/postgres\n.*rollout status statefulset\/postgres --timeout=300s$/,
  );
  const { end } = await carryOut(plan, context());
  expect(end, end.text).toMatchObject({ ok: true });
});

test('a deployment is scaled, and told how it was', async () => {
  await cluster.workload('deployment', 'backend', 2);
  const plan = await podScale.plan(podScale.input.parse({ deployment: 'backend', replicas: 5 }), context());
  const { end } = await carryOut(plan, context());
  expect(end, end.text).toMatchObject({ ok: true, undo: 'pgdeck pod scale backend --replicas 2' });
  expect(await cluster.replicas('deployment', 'backend')).toBe(5);
});

test('a server in no pod has none to delete', async () => {
  const local = contextOf(serverTarget(), temporaryDirectory());
  await expect(podDelete.plan(podDelete.input.parse({}), local)).rejects.toThrow(/does not say in which pod/);
});
