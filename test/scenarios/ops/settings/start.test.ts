import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import {
  autoConf,
  autoLines,
  contextFor,
  done,
  planReset,
  planSet,
  takenBack,
} from '../../../ops/settings/stage.ts';
import { throwawayCluster, until } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let cluster: Cluster;
let session: Session;
const here = () => contextFor(cluster.target(), home);

beforeAll(async () => {
  cluster = await throwawayCluster();
  session = await connect(cluster.target(), 'workload', 'test');
});
afterAll(async () => {
  await session?.close();
  await cluster?.remove();
});

test('what prevents a start is caught by a start, and why; nothing is written', {
  timeout: 90_000,
}, async () => {
  const bytes = autoConf(cluster);
  for (const [name, value, why] of [
    ['shared_preload_libraries', 'auto_explain, nonesuch', /could not access file "nonesuch"/],
    ['listen_addresses', '203.0.113.77', /could not create any TCP\/IP sockets/],
    ['hba_file', '/nonesuch/pg_hba.conf', /could not load .*pg_hba\.conf/],
  ] as const) {
    const failed = await done(await planSet(here(), name, value), here());
    expect(failed, name).toMatchObject({ status: 'failed', text: expect.stringMatching(why) });
    expect(failed.state).toContain(`${name} is for the server as it was`);
  }
  expect(autoConf(cluster)).toBe(bytes);
});

test('a list of libraries is one of several elements', { timeout: 60_000 }, async () => {
  const set = await done(
    await planSet(here(), 'shared_preload_libraries', 'auto_explain,pg_stat_statements'),
    here(),
  );
  expect(set, set.text).toMatchObject({ status: 'done' });
  expect(autoLines(cluster)).toEqual(["shared_preload_libraries = 'auto_explain, pg_stat_statements'"]);
  const undone = await takenBack(set.run, here());
  expect(undone, undone.text).toMatchObject({ status: 'done' });
  expect(autoLines(cluster)).toEqual([]);
});

test('a start that fails for another reason says nothing of this one', { timeout: 60_000 }, async () => {
  await session.sql("ALTER SYSTEM SET shared_preload_libraries = 'nonesuch'");
  await session.sql('SELECT pg_reload_conf()');
  const isPending = async () =>
    (await session.sql("SELECT FROM pg_settings WHERE name = 'shared_preload_libraries' AND pending_restart"))
      .length > 0;
  await until(isPending, { what: 'the reload' });
  const failed = await done(await planSet(here(), 'max_connections', '90'), here());
  expect(failed).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/could not be tried: .*nonesuch/),
  });
  expect(autoLines(cluster)).toEqual(["shared_preload_libraries = 'nonesuch'"]);
  // what mends it can be tried
  const mended = await done(await planReset(here(), 'shared_preload_libraries'), here());
  expect(mended, mended.text).toMatchObject({ status: 'done' });
});
