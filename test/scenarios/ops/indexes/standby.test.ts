import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import { type Cluster, createCluster } from '../../../../src/hosts/cluster/cluster.ts';
import { complaints, contextFor, planCreate, planDrop } from '../../../ops/indexes/stage.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../../support/program.ts';
import { createStandby } from '../../../support/standby.ts';

let primary: Cluster;
let standby: Cluster;
const home = temporaryDirectory();

beforeAll(async () => {
  const { bin } = inject('postgres');
  primary = await createCluster({ bin, settings: { autovacuum: 'off' } });
  const writer = await connect(primary.target(), 'workload', 'writer');
  await writer.sql('CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 20000) i');
  await writer.sql('CREATE INDEX t_id ON t (id)');
  await writer.sql('CREATE INDEX t_id_again ON t (id)');
  await writer.sql('ANALYZE t');
  await writer.close();
  standby = await createStandby(primary, bin, 'application_name=the_standby');
  await standby.start();
});
afterAll(async () => {
  await Promise.all([standby, primary].map((cluster) => cluster?.remove()));
});

test('on a standby nothing is made or dropped, and the plan says where', async () => {
  const context = contextFor(standby.target(), home);
  for (const plan of [
    await planCreate(context, { table: 't', columns: ['id'], where: 'id > 1' }),
    await planDrop(context, { index: ['t_id'] }),
  ])
    expect(complaints(plan)[0]).toMatch(/^block Server: It is a standby.* Connect to the primary\.$/);
});

test('advice on a standby says that it counts its own scans, and opens nothing', async () => {
  const { host, port, user, database } = standby.target();
  const env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
  });
  const { code, stdout } = await pgdeckHere(['indexes', 'advise', '--json'], env);
  expect(code).toBe(0);
  const { standby: isOne, advice, not_known } = JSON.parse(stdout);
  expect(isOne).toBe(true);
  const told = advice.find(({ kind }: { kind: string }) => kind === 'duplicate');
  expect(told).toMatchObject({ index: 't_id_again', remedy: { advice: expect.stringContaining('primary') } });
  expect(not_known.join('\n')).toContain('pg_stat_statements');
  const text = await pgdeckHere(['indexes', 'advise'], env);
  expect(text.stdout).toMatch(/this is a standby, which counts its own/);
});
