import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolve } from '../../src/config/profile.ts';
import { NO_SETTINGS } from '../../src/config/settings.ts';
import { connect } from '../../src/db/client.ts';
import { CHECKS } from '../../src/health/registry.ts';
import { local } from '../../src/hosts/local.ts';
import { systemIdentifier } from '../../src/ops/database/identity.ts';
import { noteListing } from '../../src/ops/remote/known/known.ts';
import { updateManifest } from '../../src/ops/repository/update.ts';
import { messageOf } from '../../src/watch/message.ts';
import { Watch, type WatchOptions } from '../../src/watch/watch.ts';
import { ManualClock } from '../monitor/manual-clock.ts';
import { putBackup } from '../ops/repository/retention/stock.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  const app = await client(db.target());
  void app.sql('SELECT pg_sleep(600)').catch(() => {});
});
afterAll(() => db.drop());

/** A watch of the database every half a second, where a query is too long at once. */
function watchOf(options: Pick<WatchOptions, 'waivers' | 'onChange'> & Partial<WatchOptions>): Watch {
  const { host, port, user, database } = db.target();
  const profiles = {
    shop: {
      ...{ host, port, user, database, sslmode: 'disable' as const },
      thresholds: { long_query_seconds: { normal: 0, alert: 0, critical: 1e9 } },
    },
  };
  const resolved = resolve({ profile: 'shop' }, process.env, { ...NO_SETTINGS, profiles }, {});
  return new Watch({ resolved, env: {}, host: local, interval: 0.5, ...options });
}

/** The keys of what is raised in the first two samples, where a query is too long at once. */
async function raisedBy(waivers: readonly string[]): Promise<string[]> {
  const raised: string[] = [];
  let samples = 0;
  const watch = watchOf({
    waivers: () => waivers.map((id) => ({ id, until: '2999-12-31', reason: 'known' })),
    onChange: (changes) => raised.push(...changes.map(({ alert }) => alert.check)),
    onSample: () => {
      samples++;
    },
  });
  watch.start();
  try {
    await until(() => samples >= 2, { what: 'two samples' });
  } finally {
    await watch.stop();
  }
  return raised;
}

test('settings that cannot be read while it runs are said, and it goes on', async () => {
  const unread: string[] = [];
  let reads = 0;
  const watch = watchOf({
    onChange: () => {},
    waivers: () => {
      if (reads++ > 0) throw new Error('The settings cannot be read.');
      return [];
    },
    onUnread: (reason) => unread.push(reason),
  });
  watch.start();
  try {
    await until(() => unread.length >= 2, { what: 'two looks' });
  } finally {
    await watch.stop();
  }
  expect(new Set(unread)).toEqual(new Set(['The settings cannot be read.']));
  expect(watch.assessment).toBeDefined();
});

test('what is waived when it begins is not told, also what would be told at the first sample', async () => {
  expect(await raisedBy([])).toContain('long_query');
  expect(await raisedBy(CHECKS.map(({ id }) => id))).toEqual([]);
});

test('a server that hangs is away as well: nothing breaks, and no answer comes', async () => {
  const clock = new ManualClock();
  let hangs = false;
  const told: string[] = [];
  const watch = new Watch({
    resolved: resolve({}, process.env, NO_SETTINGS, {}),
    ...{ env: {}, host: local, interval: 1, clock, waivers: () => [] },
    connect: async (purpose) => {
      if (hangs) throw new Error('nor does a new connection');
      const session = await connect(db.target(), purpose, 'watch');
      const batch = session.batch.bind(session);
      return Object.assign(session, {
        batch: (calls: never) => (hangs ? new Promise(() => {}) : batch(calls)),
      });
    },
    onChange: (changes) =>
      told.push(
        ...changes
          .filter(({ alert }) => alert.check === 'server_away')
          .map(({ state, alert }) => `${state}: ${alert.title}`),
      ),
  });
  watch.start();
  try {
    await until(() => watch.assessment !== undefined, { what: 'a sample' });
    hangs = true;
    for (let second = 0; second < 30; second++) {
      clock.advance(1_000);
      await new Promise(setImmediate);
    }
    expect(told).toEqual([expect.stringMatching(/^raised: The server has not answered for 1[5-9]s\.$/)]);
  } finally {
    await watch.stop();
  }
});

test('a connection that hangs alone is opened anew, and what is asked over it is asked again', async () => {
  const clock = new ManualClock();
  let opened = 0;
  const watch = new Watch({
    resolved: resolve({}, process.env, NO_SETTINGS, {}),
    ...{ env: {}, host: local, interval: 1, clock, waivers: () => [], onChange: () => {} },
    connect: async (purpose) => {
      const session = await connect(db.target(), purpose, 'watch');
      if (purpose !== 'control' || opened++ > 0) return session;
      const never = () => new Promise<never>(() => {});
      return Object.assign(session, { run: never, sql: never, batch: never });
    },
  });
  watch.start();
  try {
    await until(() => watch.assessment !== undefined, { what: 'a sample' });
    await until(
      () => {
        clock.advance(1_000);
        return !Number.isNaN(watch.outside.now);
      },
      { what: 'what is not the server’s to tell', timeout: 20_000 },
    );
    expect(opened).toBe(2);
  } finally {
    await watch.stop();
  }
});

test('copies elsewhere that fall behind are told as an alert, and nobody asks the place', async () => {
  const home = temporaryDirectory();
  const repository = join(home, 'backups');
  const { host, port, user, database } = db.target();
  const session = await connect(db.target(), 'workload', 'stage');
  const identifier = await systemIdentifier(session);
  await session.close();
  mkdirSync(repository);
  const days = (count: number) => new Date(Date.now() - count * 86_400_000);
  putBackup(repository, 'new', { database });
  await updateManifest(join(repository, 'new'), (manifest) => ({
    ...manifest,
    server: { ...manifest.server, system_identifier: identifier ?? null },
  }));
  // it is not there: who asked it would not know how old its copies are
  const remote = { kind: 'directory', path: join(home, 'gone') } as const;
  const old = {
    ...({ copy: 1, id: 'old', pgdeck: '0', database, scope: 'full', safety: false, pinned: false } as const),
    ...{ good: true, recipients: null, bytes: 1, files: [], pushed_at: days(4).toISOString() },
    ...{ created_at: days(4).toISOString(), group: JSON.stringify([identifier, database, 'full', []]) },
  };
  await noteListing(repository, remote, remote.path, [old], new Date());

  const clock = new ManualClock();
  const told: string[] = [];
  const shop = { host, port, user, database, sslmode: 'disable' as const, backup: { remote } };
  const watch = new Watch({
    resolved: resolve({ profile: 'shop' }, process.env, { ...NO_SETTINGS, profiles: { shop } }, {}),
    ...{ env: { HOME: home, BACKUP_DIR: repository }, host: local, interval: 1, clock, waivers: () => [] },
    onChange: (changes) =>
      told.push(
        ...changes
          .filter(({ alert }) => alert.check === 'remote_age')
          .map((change) => messageOf(change, 'here', Date.now())?.text ?? 'nothing'),
      ),
  });
  watch.start();
  try {
    await until(
      () => {
        clock.advance(1_000);
        return told.length > 0;
      },
      { what: 'the alert', timeout: 60_000 },
    );
    expect(told).toEqual([
      expect.stringMatching(/^ALERT on \S+: The newest copy of .*\/gone is 4d\d\dh behind/),
    ]);
  } finally {
    await watch.stop();
  }
});
