import { mkdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolve } from '../../src/config/profile.ts';
import { NO_SETTINGS } from '../../src/config/settings.ts';
import { connect } from '../../src/db/client.ts';
import { CHECKS } from '../../src/health/registry.ts';
import { local } from '../../src/hosts/local.ts';
import { systemClock } from '../../src/monitor/clock.ts';
import { channelsOf } from '../../src/notify/channels.ts';
import { Outbox } from '../../src/notify/outbox.ts';
import { systemIdentifier } from '../../src/ops/database/identity.ts';
import { noteListing } from '../../src/ops/remote/known/known.ts';
import { updateManifest } from '../../src/ops/repository/update.ts';
import { messageOf } from '../../src/watch/message.ts';
import { Watch, type WatchOptions } from '../../src/watch/watch.ts';
import { ManualClock } from '../monitor/manual-clock.ts';
import { Receiver } from '../notify/receiver.ts';
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
  // one of each kind, as they are in the settings
  const hook = await new Receiver().up();
  const mails: string[] = [];
  const post = new SMTPServer({
    ...{ logger: false, authOptional: true, disabledCommands: ['STARTTLS'] },
    onData: (stream, _session, taken) => {
      stream.setEncoding('utf8').on('data', (text: string) => mails.push(text));
      stream.on('end', () => taken());
    },
  });
  await new Promise<void>((ready) => post.listen(0, '127.0.0.1', ready));
  const smtp = (post.server.address() as AddressInfo).port;
  const paged = join(home, 'paged');
  const outbox = new Outbox({
    channels: channelsOf({
      settings: {
        webhooks: [hook.url().href],
        mail: { to: ['dba@example.com'], url: `smtp://127.0.0.1:${smtp}/?tls=never` },
        commands: [`sh -c 'cat > ${paged}'`],
      },
      ...{ env: {}, flags: {}, host: local },
    }),
    clock: systemClock,
  });
  const watch = new Watch({
    resolved: resolve({ profile: 'shop' }, process.env, { ...NO_SETTINGS, profiles: { shop } }, {}),
    ...{ env: { HOME: home, BACKUP_DIR: repository }, host: local, interval: 1, clock, waivers: () => [] },
    onChange: (changes) => {
      for (const change of changes.filter(({ alert }) => alert.check === 'remote_age')) {
        const message = messageOf(change, 'here', Date.now());
        told.push(message?.text ?? 'nothing');
        if (message) outbox.put(message);
      }
    },
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
    const [text = ''] = told;
    expect(told).toEqual([text]);
    expect(text).toMatch(/^ALERT on \S+: The newest copy of .*\/gone is 4d\d\dh behind/);
    // and they arrive
    await until(() => outbox.pending === 0, { what: 'all three have it', timeout: 20_000 });
    expect(outbox.givenUp).toBe(0);
    expect(hook.texts).toEqual([text]);
    expect(JSON.parse(hook.requests[0]?.body ?? '')).toMatchObject({ check: 'remote_age', state: 'raised' });
    expect(mails.join('').replaceAll(/=\r\n/g, '')).toContain('is 4d');
    expect(readFileSync(paged, 'utf8')).toContain(text);
  } finally {
    await watch.stop();
    await outbox.close(0);
    await hook.down();
    await new Promise<void>((closed) => post.close(closed));
  }
});
