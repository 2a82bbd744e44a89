import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { type Cluster, createCluster } from '../../../src/hosts/cluster/cluster.ts';
import { cleanEnvironment, MAIN, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { createStandby } from '../../support/standby.ts';
import { until } from '../../support/until.ts';

let primary: Cluster;
let standby: Cluster;
let writer: Session;
const home = temporaryDirectory();

beforeAll(async () => {
  const { bin } = inject('postgres');
  primary = await createCluster({ bin, settings: { autovacuum: 'off' } });
  standby = await createStandby(primary, bin, 'application_name=the_standby');
  await standby.start();
  writer = await connect(primary.target(), 'workload', 'writer');
});
afterAll(async () => {
  await writer?.close();
  await Promise.all([standby, primary].map((cluster) => cluster?.remove()));
});

function environment(cluster: Cluster) {
  const { host, port, user, database } = cluster.target();
  return cleanEnvironment(home, { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database });
}

const show = (cluster: Cluster, ...args: string[]) => pgdeckHere(['show', ...args], environment(cluster));

test('show replication on a standby tells of the standby itself; on its primary it has caught up', async () => {
  const { port } = primary.target();
  const text = await until(
    async () => {
      const { stdout } = await show(standby, 'replication');
      return stdout.includes('(streaming)') && stdout;
    },
    { what: 'streaming', timeout: 20_000 },
  );
  expect(text).toMatch(new RegExp(`^this server is a standby of \\S+:${port} \\(streaming\\) to replay 0 B`));
  await writer.sql('CREATE TABLE written AS SELECT generate_series(1, 1000)');
  const caught = await until(
    async () => {
      const [row] = JSON.parse((await show(primary, 'replication', '--json')).stdout).rows;
      return row?.total_lag_bytes === 0 && row;
    },
    { what: 'a standby that has caught up', timeout: 20_000 },
  );
  expect(caught.lag_seconds).toBe(0);
  expect((await show(primary, 'replication')).stdout).toMatch(/ streaming +async +0\.0s +0 B /);

  const below = await connect(standby.target(), 'slow');
  await below.sql('SELECT pg_wal_replay_pause()');
  await writer.sql('CREATE TABLE written_more AS SELECT generate_series(1, 1000)');
  await until(async () => (await show(standby, 'replication')).stdout.includes('REPLAY PAUSED'), {
    what: 'the pause',
    timeout: 20_000,
  });
  // one look cannot say for how long it is behind: that is not known, and not "longer than 0"
  const behind = await show(primary, 'replication');
  expect(behind.stdout).toMatch(/ streaming +async +- +\d/);
  await below.sql('SELECT pg_wal_replay_resume()');
  await below.close();
});

test('show fleet tells which is the standby; while its replay is paused one look cannot say for how long it is behind', async () => {
  const profile = (cluster: Cluster) => {
    const { host, port, user, database } = cluster.target();
    return { host, port, user, database };
  };
  const config = join(home, 'fleet.json');
  writeFileSync(config, JSON.stringify({ profiles: { one: profile(primary), two: profile(standby) } }));
  const fleet = async () => {
    const { stdout } = await pgdeckHere(
      ['show', 'fleet', '--json', '--config', config],
      cleanEnvironment(home),
    );
    return Object.fromEntries(
      (JSON.parse(stdout).rows as { profile: string; role: string; lag_seconds: number | null }[]).map(
        ({ profile: name, role, lag_seconds }) => [name, { role, lag: lag_seconds }],
      ),
    );
  };
  await writer.sql('CREATE TABLE written_for_fleet AS SELECT 1 AS n');
  await until(async () => (await fleet()).two?.lag === 0, {
    what: 'a standby that has caught up',
    timeout: 20_000,
  });
  expect(await fleet()).toEqual({ one: { role: 'primary', lag: 0 }, two: { role: 'standby', lag: 0 } });
  const below = await connect(standby.target(), 'slow');
  try {
    await below.sql('SELECT pg_wal_replay_pause()');
    await writer.sql('INSERT INTO written_for_fleet VALUES (2)');
    await until(async () => (await fleet()).two?.lag === null, {
      what: 'that it is not said to be 0',
      timeout: 20_000,
    });
  } finally {
    await below.sql('SELECT pg_wal_replay_resume()');
    await below.close();
  }
}, 60_000);

test('--watch outlives a restart of the server, with the reason that the server gave', async () => {
  const child = spawn(process.execPath, [MAIN, 'show', 'database', '--json', '--watch', '0.5'], {
    env: environment(primary),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await until(() => stdout.split('\n').length > 2, { what: 'two samples', timeout: 20_000 });
  await primary.restart('fast');
  await until(() => stderr.includes('Connected again.'), { what: 'a new connection', timeout: 20_000 });
  const before = stdout.length;
  await until(() => stdout.slice(before).split('\n').length > 2, {
    what: 'two samples more',
    timeout: 20_000,
  });
  child.kill('SIGTERM');
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
  expect(stderr).toMatch(
    /^pgdeck: The connection to .* was closed: terminating connection due to administrator command\. It is tried again\.\n/,
  );
  expect(stderr).not.toMatch(/queryable|Client|terminated/);
});
