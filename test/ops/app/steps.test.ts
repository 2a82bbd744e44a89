import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { appSchema, appSettings } from '../../../src/config/app.ts';
import { placesOf } from '../../../src/config/runs-on.ts';
import { type AppState, recoverSteps, startSteps, stopSteps } from '../../../src/ops/app/steps.ts';
import { stoppedIn } from '../../../src/ops/app/stopped.ts';
import type { Step } from '../../../src/ops/engine/plan.ts';
import { serverTarget } from '../../support/cluster.ts';
import { type Cluster, kubectlStandIn } from '../../support/kubectl/kubectl.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { carryOut, contextOf, planOf, step } from '../engine/run/stage.ts';

const home = temporaryDirectory();
const mark = join(home, 'worker-stopped');
let cluster: Cluster;
beforeAll(async () => {
  cluster = await kubectlStandIn();
});
afterAll(() => cluster.remove());
beforeEach(async () => {
  await cluster.workload('deployment', 'backend', 3);
});

const STOP = [
  { kind: 'kubectl', deployment: 'backend', namespace: 'production' },
  { kind: 'command', stop: `touch ${mark}`, start: `rm ${mark}` },
];

async function run(work: Step[], stop: unknown = STOP) {
  const app = appSettings(appSchema.parse({ stop }));
  const context = { ...contextOf(serverTarget(), home), app, runsOn: placesOf() };
  const state: AppState = { stopped: [] };
  const steps = [...stopSteps(context, state), ...work, ...startSteps(context, state)];
  return carryOut(planOf(steps), context);
}

test('it is down while the work is done, and as many pods as before come back', async () => {
  const seen: unknown[] = [];
  const { end, run: kept } = await run([
    step(
      'look',
      async () => void seen.push(await cluster.replicas('deployment', 'backend'), existsSync(mark)),
    ),
  ]);
  expect(end).toMatchObject({ ok: true });
  expect(seen).toEqual([0, true]);
  expect(await cluster.replicas('deployment', 'backend')).toBe(3);
  expect(existsSync(mark)).toBe(false);
  expect(stoppedIn(kept?.facts)).toEqual([]);
});

test('the commands are those that a person would type', async () => {
  const { run: kept } = await run([]);
  expect(kept?.steps.map(({ preview }) => preview)).toEqual([
    `kubectl --namespace=production scale deployment/backend --replicas=0\ntouch ${mark}`,
    `rm ${mark}\nkubectl --namespace=production scale deployment/backend --replicas=<as before>`,
  ]);
});

test('it comes back where the work fails', async () => {
  const { end } = await run([
    step('fail', async () => {
      throw new Error('no');
    }),
  ]);
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  expect(await cluster.replicas('deployment', 'backend')).toBe(3);
  expect(existsSync(mark)).toBe(false);
});

test('where one part cannot be stopped those before it come back, and nothing is done', async () => {
  const done: string[] = [];
  const { end } = await run(
    [step('work', async () => void done.push('work'))],
    [STOP[0], { kind: 'kubectl', deployment: 'nobody' }],
  );
  expect(end.text).toMatch(/deployment.* "nobody" not found/);
  expect(done).toEqual([]);
  expect(await cluster.replicas('deployment', 'backend')).toBe(3);
});

test('what somebody has scaled meanwhile is left as it is', async () => {
  await run([step('scale', () => cluster.workload('deployment', 'backend', 5))], [STOP[0]]);
  expect(await cluster.replicas('deployment', 'backend')).toBe(5);
});

test('one that had no pods is not given any', async () => {
  await cluster.workload('deployment', 'backend', 0);
  expect((await run([], [STOP[0]])).end).toMatchObject({ ok: true });
  expect(await cluster.replicas('deployment', 'backend')).toBe(0);
});

test('recover knows what a run has left, and what it has not', async () => {
  await cluster.workload('deployment', 'backend', 0);
  const app = [{ kind: 'kubectl' as const, deployment: 'backend', replicas: 4 }];
  expect(stoppedIn({ app, app_started: true })).toEqual([]);
  const context = contextOf(serverTarget(), home);
  const { end } = await carryOut(planOf(recoverSteps(stoppedIn({ app, app_started: false }))), context);
  expect(end).toMatchObject({ ok: true });
  expect(await cluster.replicas('deployment', 'backend')).toBe(4);
});

test('where no cluster is named it is the server’s, and started again in the one that it was stopped in', async () => {
  const server = { kind: 'kubectl', context: 'test', namespace: 'production', pod: 'postgres-0' } as const;
  const app = appSettings(appSchema.parse({ stop: { kind: 'kubectl', deployment: 'backend' } }));
  const of = { app, runsOn: placesOf({ runs_on: server }) };
  const words = 'kubectl --context=test --namespace=production scale deployment/backend --replicas=';
  const state: AppState = { stopped: [] };
  expect([stopSteps(of, state), startSteps(of, state)].flat().map(({ preview }) => preview)).toEqual([
    `${words}0`,
    `${words}<as before>`,
  ]);
  const { run: kept } = await run([], STOP[0]);
  expect(stoppedIn({ ...(kept?.facts as object), app_started: false })).toEqual([
    { kind: 'kubectl', context: 'test', namespace: 'production', deployment: 'backend', replicas: 3 },
  ]);
});

test('while its pods end it is told how many there are', async () => {
  await cluster.pod('backend-1', { labels: 'app=backend' });
  onTestFinished(() => cluster.removePod('backend-1'));
  const app = appSettings(appSchema.parse({ stop: STOP[0] }));
  const context = { ...contextOf(serverTarget(), home), app, runsOn: placesOf() };
  const lines: string[] = [];
  const { end } = await carryOut(planOf(stopSteps(context, { stopped: [] })), context, {
    onEvent: (event) => {
      if (event.type !== 'line') return;
      lines.push(event.text);
      if (event.text.includes('still to end')) void cluster.removePod('backend-1');
    },
  });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(lines).toContain('1 pod of deployment/backend still to end.');
});
