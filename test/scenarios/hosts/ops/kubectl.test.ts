import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { appSchema, appSettings } from '../../../../src/config/app.ts';
import type { Target } from '../../../../src/db/target.ts';
import type { Cluster as Server } from '../../../../src/hosts/cluster/cluster.ts';
import { verify } from '../../../../src/ops/verify/verify.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { backedUp, blocks, planRestore } from '../../../ops/restore/stage.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { type Cluster, kubectlStandIn } from '../../../support/kubectl/kubectl.ts';
import { contextThrough, inside, type Through } from './stage.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });

let cluster: Cluster;
let server: Server;
let through: Through;
let home: string;
beforeAll(async () => {
  cluster = await kubectlStandIn();
  server = await throwawayCluster();
  home = mkdtempSync(join(tmpdir(), 'pgdeck-pod-'));
  const { host, port } = server.target();
  through = {
    runsOn: { kind: 'kubectl', namespace: 'production', pod: 'postgres-0', host, port },
    target: (overrides: Partial<Target> = {}) => server.target(overrides),
  };
  await inside(through, 'postgres', (session) => session.sql('CREATE DATABASE shop'));
  await inside(through, 'shop', (session) =>
    session.sql(
      `CREATE TABLE orders AS SELECT n AS id, repeat('x', 50) AS text FROM generate_series(1, 20000) n`,
    ),
  );
});
afterAll(async () => {
  await server?.remove();
  await cluster?.remove();
  rmSync(home, { recursive: true, force: true });
});

const rows = () =>
  inside(through, 'shop', async (session) =>
    Number((await session.sql('SELECT count(*) AS n FROM orders'))[0]?.n),
  );

test('a backup through a pod is verified, restored with the application stopped meanwhile', async () => {
  await cluster.workload('deployment', 'backend', 3);
  const context = await contextThrough(through, home);
  const made = await backedUp(context);
  const proven = await verify.plan(verify.input.parse({ id: made.id, level: 'counts' }), context);
  expect((await carryOut(proven, context)).end).toMatchObject({ ok: true });
  await inside(through, 'shop', (session) => session.sql('DELETE FROM orders WHERE id > 5'));

  const stop = { kind: 'kubectl', deployment: 'backend', namespace: 'production' };
  const app = appSettings(appSchema.parse({ stop }));
  const around = { ...(await contextThrough(through, home)), app };
  const plan = await planRestore(around, { backup: made.id });
  expect(blocks(plan)).toEqual([]);
  const { end } = await carryOut(plan, around);
  expect(end, end.text).toMatchObject({ ok: true, status: 'done' });
  expect(await rows()).toBe(20_000);
  expect(await cluster.replicas('deployment', 'backend')).toBe(3);
  const scaled = (await cluster.calls()).filter((line) => line.includes(' scale '));
  expect(scaled.map((line) => line.slice(line.indexOf('scale')))).toEqual([
    'scale deployment/backend --replicas=0',
    'scale deployment/backend --replicas=3',
  ]);
});

test.each(['the last MB is lost, exit 0', 'the pod is made anew'] as const)(
  'no backup is listed where %s',
  async (fault) => {
    await cluster.set('none');
    await cluster.pod('postgres-0');
    const context = await contextThrough(through, join(home, fault.slice(0, 8).replaceAll(' ', '')));
    await cluster.set(fault);
    await expect(backedUp(context)).rejects.toThrow();
    await cluster.set('none');
    await cluster.pod('postgres-0');
  },
);
