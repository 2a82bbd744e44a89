import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { KubectlRunsOn } from '../../../src/config/runs-on.ts';
import { connect } from '../../../src/db/client.ts';
import type { Route } from '../../../src/db/route.ts';
import type { Target } from '../../../src/db/target.ts';
import { routeTo } from '../../../src/hosts/route.ts';
import { serverTarget } from '../../support/cluster.ts';
import { type Cluster, kubectlStandIn } from '../../support/kubectl/kubectl.ts';
import { until } from '../../support/until.ts';

const POD: KubectlRunsOn = { kind: 'kubectl', namespace: 'production', pod: 'postgres-0' };
let cluster: Cluster;
const open: Route[] = [];
beforeAll(async () => {
  cluster = await kubectlStandIn();
});
afterEach(async () => {
  for (const route of open.splice(0)) await route.close();
  await cluster.pod('postgres-0');
  await cluster.log('postgres-0', '');
  await cluster.events([]);
});
afterAll(() => cluster.remove());

/** The address is that of another machine: nothing but the way leads to the server. */
function through(runsOn: KubectlRunsOn): Target {
  const via = routeTo(runsOn, { host: 'db1.invalid', port: 5432 });
  if (via === undefined) throw new Error('there is no way');
  open.push(via);
  return { ...serverTarget(), host: '127.0.0.1', port: 1, via };
}

const one = async (target: Target) => {
  const session = await connect(target, 'fast');
  const rows = await session.sql('SELECT 1 AS one');
  await session.close();
  return rows;
};

test('the server is reached through it, and again each time it has died at a disconnect', async () => {
  await cluster.forwardTo(serverTarget().port, { connections: 1 });
  const target = through({ ...POD, forward: true });
  for (let turn = 0; turn < 3; turn++)
    expect(await until(() => one(target), { what: `connection ${turn}`, timeout: 20_000 })).toEqual([
      { one: 1 },
    ]);
});

test.each([false, true])(
  'that the pod is another one than it leads to is noticed by the UID, and it is begun anew (it hangs: %s)',
  async (hangs) => {
    await cluster.forwardTo(serverTarget().port, { hangs });
    const target = { ...through({ ...POD, forward: true }), connectTimeout: 1 };
    const begun = async () => (await cluster.calls()).filter((line) => / port-forward /.test(line)).length;
    const before = await begun();
    await one(target);
    await one(target);
    expect(await begun()).toBe(before + 1);
    await cluster.pod('postgres-0', { uid: 'uid-2' });
    await expect(one(target)).rejects.toMatchObject({ kind: expect.stringMatching(/^(lost|unreachable)$/) });
    expect(await one(target)).toEqual([{ one: 1 }]);
    expect(await begun()).toBe(before + 2);
  },
);

test('a pod that is gone is said, and the next one of its labels is gone to', async () => {
  await cluster.forwardTo(serverTarget().port);
  const target = through({ kind: 'kubectl', selector: 'app=postgres', forward: true });
  await one(target);
  await cluster.removePod('postgres-0');
  await expect(one(target)).rejects.toThrow(/No pod has the labels app=postgres/);
  await cluster.pod('postgres-7', { uid: 'uid-7' });
  expect(await until(() => one(target), { what: 'a connection', timeout: 20_000 })).toEqual([{ one: 1 }]);
  await cluster.removePod('postgres-7');
});

test.each([true, false])(
  'a server that is down tells what its pod is at (forwarded: %s)',
  async (forward) => {
    await cluster.pod('postgres-0', { restarts: 7, waiting: ['CrashLoopBackOff', 'back-off'], exitCode: 1 });
    await cluster.log('postgres-0', 'FATAL: data directory has wrong ownership\n');
    await cluster.events([{ type: 'Warning', reason: 'BackOff', message: 'Back-off restarting', count: 3 }]);
    await expect(one(through({ ...POD, ...(forward && { forward }) }))).rejects.toMatchObject({
      kind: 'unreachable',
      message: [
        'postgres-0 is crash-looping, restarted 7 times, last with exit code 1.',
        'Its last words:',
        'FATAL: data directory has wrong ownership',
        'The cluster says:',
        'BackOff: Back-off restarting (3 times)',
      ].join('\n'),
      next: 'All that the cluster knows: kubectl --context=test --namespace=production describe pod postgres-0',
    });
  },
);

test('no pod at all is said', async () => {
  await cluster.removePod('postgres-0');
  await expect(one(through({ ...POD, forward: true }))).rejects.toThrow(/There is no pod postgres-0/);
});
