import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, createCluster } from '../../../../src/hosts/cluster/cluster.ts';
import { migration, projectIn } from '../../../ops/project/stage.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const ADMIN = 'admin-Secret-7';
const home = temporaryDirectory();
let cluster: Cluster;

beforeAll(async () => {
  // as a server is that somebody has installed
  const settings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };
  cluster = await createCluster({ password: ADMIN, settings });
});
afterAll(() => cluster?.remove());

/** Runs pgdeck on the new server, as its superuser. */
function run(...args: string[]): ReturnType<typeof pgdeck> {
  const { host, port } = cluster.target();
  return pgdeck(
    args,
    cleanEnvironment(home, {
      ...{ PGHOST: host, PGPORT: String(port), PGUSER: 'postgres', PGPASSWORD: ADMIN },
      ...{ APP_PASSWORD: 'app-Secret-9', BACKUP_DIR: join(home, 'backups') },
    }),
  );
}

test('a server that wants passwords is set up by one command, from nothing to a healthy report', async () => {
  const file = projectIn(home, {
    'pgdeck.setup.json': {
      database: { name: 'fresh_shop', owner: 'fresh_group' },
      roles: [
        { name: 'fresh_group', no_login: true },
        { name: 'fresh_app', password: { env: 'APP_PASSWORD' }, as: 'read-write' },
      ],
      sql: ['a.sql'],
      migrations: { dir: 'migrations' },
    },
    'a.sql': 'CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1);',
    'migrations/0001_b.sql': migration('CREATE TABLE b (id int PRIMARY KEY)'),
  });
  const { code, stdout, stderr } = await run('db', 'setup', '--file', file, '--yes');
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('fresh_shop is there: ');
  expect(stdout).toMatch(/^the first backup +in \//m);
  expect(stdout).toMatch(/^Health +healthy, score 100 of 100$/m);
  // what is left to do is told with what does it
  expect(stdout).toMatch(/backup_unproven: .* pgdeck backups verify fresh_shop_\S+ --level restore/);
  expect(stdout + stderr).not.toMatch(/backup_age|-Secret-/);
  const health = await run('health', '-d', 'fresh_shop');
  expect(health.stdout).toMatch(/^healthy: score 100 of 100/m);
}, 180_000);
