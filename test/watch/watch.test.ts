import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolve } from '../../src/config/profile.ts';
import { NO_SETTINGS } from '../../src/config/settings.ts';
import { CHECKS } from '../../src/health/registry.ts';
import { local } from '../../src/hosts/local.ts';
import { Watch, type WatchOptions } from '../../src/watch/watch.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
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
