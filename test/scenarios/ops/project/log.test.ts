import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { projectIn } from '../../../ops/project/stage.ts';
import { contextIn } from '../../../ops/restore/stage.ts';
import { asksFor, done, getsIn } from '../../../ops/role/stage.ts';
import { throwawayCluster } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await throwawayCluster({ log_statement: 'all', log_min_duration_statement: '0' });
});
afterAll(() => cluster.remove());

test('passwords of a set-up are in no log of a server that logs everything, no journal, no event', async () => {
  const home = temporaryDirectory();
  const env = { APP_PASSWORD: 'Logged-Nowhere-7', ADMIN_PASSWORD: 'Nor-This-One-8' };
  const file = projectIn(home, {
    'pgdeck.setup.json': {
      database: { name: 'logged' },
      roles: [
        { name: 'logged_app', password: { env: 'APP_PASSWORD' }, as: 'read-only' },
        { name: 'generated_app' },
      ],
      init: {
        command: [process.execPath, '-e', "process.stdout.write('it is ' + process.env.ADMIN + '\\n')"],
        env: { ADMIN: { env: 'ADMIN_PASSWORD' } },
      },
    },
  });
  const context = contextIn(cluster.target(), home, env);
  const { end, events, revealed = '', lines } = await done('db setup', { file }, context);
  expect(end, end.text).toMatchObject({ ok: true });
  await asksFor(cluster, 'logged_app', 'generated_app');
  expect(await getsIn(cluster.target(), 'logged_app', env.APP_PASSWORD)).toBe(true);
  expect(await getsIn(cluster.target(), 'generated_app', revealed)).toBe(true);
  expect(lines).toContain('it is ***');
  const log = readFileSync(cluster.logFile, 'latin1');
  // those with a password are kept out of it, where the role may do that
  expect(log).toContain('CREATE DATABASE');
  const journal = readdirSync(context.journal, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
  const told = JSON.stringify(events.filter(({ type }) => type !== 'reveal'));
  for (const secret of [...Object.values(env), revealed])
    for (const text of [log, journal, told]) expect(text).not.toContain(secret);
}, 120_000);
