import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RemoteSettings } from '../../../../src/config/remote.ts';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { findLeftovers } from '../../../../src/ops/database/leftovers.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { carryOut, contextOf } from '../../../ops/engine/run/stage.ts';
import { contents } from '../../../ops/remote/stage.ts';
import { served } from '../../../ops/restore/swap/stage.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const [repository, away] = [join(home, 'backups'), join(home, 'away')];

// a server of its own: recover cleans up everything that it finds on one
let cluster: Cluster;
let admin: Session;
let env: Record<string, string>;
let remote: RemoteSettings;
let id: string;
let sent: Record<string, string>;

beforeAll(async () => {
  cluster = await throwawayCluster();
  admin = await connect(cluster.target(), 'workload', 'admin');
  await admin.sql('CREATE DATABASE shop');
  const shop = await connect(cluster.target({ database: 'shop' }), 'workload', 'stage');
  await shop.sql("CREATE TABLE generation AS SELECT 'new'::text AS value");
  await shop.close();
  for (const path of [repository, away, join(home, '.config', 'pgdeck')])
    mkdirSync(path, { recursive: true });
  const identity = await generateX25519Identity();
  writeFileSync(join(home, 'key'), `${identity}\n`);
  const recipients = [await identityToRecipient(identity)];
  remote = { kind: 'directory', path: away, recipients, identity_file: join(home, 'key') };
  writeFileSync(join(home, '.config', 'pgdeck', 'config.json'), JSON.stringify({ backup: { remote } }));
  const { host, port } = cluster.target();
  env = cleanEnvironment(home, {
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: 'shop' },
    BACKUP_DIR: repository,
  });
  const made = await pgdeck(['backup', '--yes'], env);
  expect(made.code, made.stderr).toBe(0);
  const pushed = await pgdeck(['backups', 'push', 'newest', '--confirm', away], env);
  expect(pushed.code, pushed.stderr).toBe(0);
  [id = ''] = (await listBackups(repository)).map((one) => one.id);
  sent = contents(away);
});
afterAll(async () => {
  await admin?.close();
  await cluster?.remove();
});

/** The machine has lost its backups, and the database is another one. */
async function begin(): Promise<void> {
  // also of a test that has failed
  for (const { database } of await findLeftovers(admin)) await admin.sql(`DROP DATABASE "${database}"`);
  for (const name of readdirSync(repository))
    if (!name.startsWith('.')) rmSync(join(repository, name), { recursive: true });
  const shop = await connect(cluster.target({ database: 'shop' }), 'workload', 'stage');
  await shop.sql("UPDATE generation SET value = 'old'");
  await shop.close();
}

const RESTORE = ['restore', 'newest', '--remote', '--confirm', 'shop', '--no-safety-backup', '--jobs', '1'];
const NOTHING = 'nothing';

test.each([
  ['fetch', 'old', NOTHING],
  ['fetch:file', 'old', NOTHING],
  ['fetch:whole', 'old', NOTHING],
  ['fetch:end', 'old', 'the backup'],
  ['restore', 'old', 'the backup'],
  ['create', 'old', 'the backup'],
  ['create:created', 'old', 'the backup'],
  ['load', 'old', 'the backup'],
  ['verify', 'old', 'the backup'],
  ['swap:begin', 'old', 'the backup'],
  ['swap:renamed', 'old', 'the backup'],
  ['swap:end', 'new', 'the backup'],
  ['restore:end', 'new', 'the backup'],
])(
  'a restore from elsewhere that is killed at %s: live is the %s one, and here is %s',
  {
    timeout: 120_000,
  },
  async (point, live, kept) => {
    await begin();
    const killed = await pgdeck(RESTORE, { ...env, PGDECK_CRASH_AT: point });
    expect(killed.code, killed.stderr).not.toBe(0);
    expect(killed.stderr).not.toMatch(/^pgdeck: /m);
    expect(await served(cluster.target({ database: 'shop' }))).toBe(live);
    // nothing half is listed
    const whole = kept === NOTHING ? [] : [id];
    const listed = async () => (await listBackups(repository)).map((one) => [one.id, one.status]);
    expect(await listed()).toEqual(whole.map((one) => [one, 'ok']));

    const context = contextOf(cluster.target({ database: 'shop' }), home, {
      env: { BACKUP_DIR: repository, XDG_STATE_HOME: join(home, '.local', 'state') },
      more: { backup: { remote } },
    });
    try {
      const { end } = await carryOut(await recover.plan(recover.input.parse({}), context), context);
      expect(end, end.text).toMatchObject({ ok: true });
      expect((await recover.plan(recover.input.parse({}), context)).steps).toEqual([]);
    } finally {
      await context.close();
    }
    expect(readdirSync(repository).filter((name) => !name.startsWith('.'))).toEqual(whole);
    expect((await findLeftovers(admin)).map(({ kind }) => kind)).toEqual(live === 'new' ? ['before'] : []);
    expect(await served(cluster.target({ database: 'shop' }))).toBe(live);

    // and the same command does it
    const again = await pgdeck(RESTORE, env);
    expect(again.code, again.stderr).toBe(0);
    expect(await served(cluster.target({ database: 'shop' }))).toBe('new');
    for (const { database } of await findLeftovers(admin)) await admin.sql(`DROP DATABASE "${database}"`);
    expect(contents(away)).toEqual(sent);
  },
);
