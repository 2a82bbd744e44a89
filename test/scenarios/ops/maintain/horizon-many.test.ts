import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import type { Session } from '../../../../src/db/session.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { horizonChecks } from '../../../../src/ops/maintain/horizon.ts';
import { throwawayCluster } from '../../../support/cluster.ts';

let cluster: Cluster;
let session: Session;

beforeAll(async () => {
  cluster = await throwawayCluster({ wal_level: 'logical', max_replication_slots: '10' });
  session = await connect(cluster.target(), 'workload', 'test');
});
afterAll(async () => {
  await session?.close();
  await cluster?.remove();
});

test('whoever keeps dead rows is named, also beyond those that are described', async () => {
  const slots = ['a', 'b', 'c', 'd', 'e'].map((name) => `slot_${name}`);
  for (const slot of slots)
    await session.sql("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  await session.sql('CREATE TABLE later (id int)');
  const details = (await horizonChecks(session)).map(({ detail }) => detail);
  for (const slot of slots) expect(details.join('\n')).toContain(slot);
  expect(details).toHaveLength(4);
  // a logical slot keeps no row of a table
  expect(details[0]).toMatch(
    /^The replication slot slot_. .* still sees rows of the system catalogs that died in the last .*: those stay\.$/,
  );
  expect(details[3]).toMatch(
    /^Such rows stay for others as well: replication slot slot_., replication slot slot_.\.$/,
  );
});
