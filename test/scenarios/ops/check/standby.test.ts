import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Cluster, createCluster } from '../../../../src/hosts/cluster/cluster.ts';
import { complaints, contextFor, planCheck, results } from '../../../ops/check/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { createStandby } from '../../../support/standby.ts';

const home = temporaryDirectory();
let primary: Cluster;
let standby: Cluster;

beforeAll(async () => {
  const { bin } = inject('postgres');
  primary = await createCluster({ bin, settings: { autovacuum: 'off' } });
  const session = await client(primary.target());
  await session.sql('CREATE EXTENSION amcheck');
  await session.sql("CREATE TABLE t AS SELECT g AS id, 'x' || g AS t FROM generate_series(1, 1000) g");
  await session.sql('CREATE INDEX t_id ON t (id)');
  await session.sql('CREATE UNLOGGED TABLE loose (id int PRIMARY KEY)');
  await session.close();
  standby = await createStandby(primary, bin);
  await standby.start();
  const there = await client(standby.target());
  await until(
    async () => (await there.sql("SELECT to_regclass('t_id') IS NOT NULL AS there"))[0]?.there === true,
    {
      what: 'the standby has it',
      timeout: 20_000,
    },
  );
  await there.close();
});
afterAll(() => Promise.all([standby, primary].map((cluster) => cluster?.remove())));

test('a standby is checked as its primary is, but for what it does not have and cannot lock', async () => {
  const context = contextFor(standby.target(), home);
  const plan = await planCheck(context, { table: ['t', 'loose'], read: true });
  expect(complaints(plan)).toContainEqual(
    'warn Not checked: loose, loose_pkey: it is unlogged, and a standby has nothing of it.',
  );
  const { end, events } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ status: 'done' });
  expect(results(events)).toMatchObject({
    'public.t': { result: 'ok' },
    'public.t_id': { result: 'ok', found: 'bt_index_check' },
    'public.loose': { result: 'not checked' },
  });
  expect(complaints(await planCheck(context, { table: ['t'], parent: true }))).toContainEqual(
    expect.stringMatching(
      /^block With parents: bt_index_parent_check takes a ShareLock, which a standby cannot/,
    ),
  );
}, 60_000);
