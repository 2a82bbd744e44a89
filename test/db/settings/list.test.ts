import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import { settingFiles, settingList, settingScopes } from '../../../src/db/queries/settings/listed.ts';
import type { Purpose } from '../../../src/db/session.ts';
import { sessionSettings } from '../../../src/db/session-settings.ts';
import { isChanged, listSettings, type Setting, sourceText, takesOf } from '../../../src/db/settings/list.ts';
import { valueText } from '../../../src/db/settings/value.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../support/cluster.ts';

let cluster: Cluster;
/** What pgdeck sets for its sessions is set otherwise in the file. */
const FILE = {
  statement_timeout: '77s',
  lock_timeout: '78s',
  idle_in_transaction_session_timeout: '79s',
  work_mem: '3MB',
  jit: 'off',
  max_parallel_workers_per_gather: '1',
  search_path: '"$user", public, other',
  timezone: 'Asia/Tokyo',
  datestyle: 'SQL, DMY',
  intervalstyle: 'iso_8601',
};

beforeAll(async () => {
  cluster = await throwawayCluster(FILE);
  await as('operation', async (session) => {
    await session.sql('CREATE ROLE reader LOGIN');
    await session.sql("ALTER ROLE postgres SET random_page_cost = '2.5'");
    await session.sql("ALTER DATABASE postgres SET seq_page_cost = '1.5'");
    await session.sql("ALTER ROLE reader IN DATABASE postgres SET effective_cache_size = '5GB'");
    await session.sql("ALTER SYSTEM SET checkpoint_timeout = '6min'");
    await session.sql("ALTER SYSTEM SET max_connections = '55'");
    await session.sql('SELECT pg_reload_conf()');
  });
});
afterAll(() => cluster.remove());

async function as<T>(
  purpose: Purpose,
  work: (session: Awaited<ReturnType<typeof connect>>) => Promise<T>,
  user = 'postgres',
): Promise<T> {
  const session = await connect(cluster.target({ user }), purpose, 'test');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

const listed = (purpose: Purpose, user?: string) =>
  as(
    purpose,
    async (session) => {
      const files = session.server.rights.superuser ? await session.run(settingFiles, undefined) : undefined;
      const scopes = await session.run(settingScopes, undefined);
      return new Map(
        listSettings(await session.run(settingList, undefined), files, scopes).map((s) => [s.name, s]),
      );
    },
    user,
  );

const shown = (all: Map<string, Setting>, name: string) => {
  const one = [...all.values()].find((s) => s.name.toLowerCase() === name) as Setting;
  return `${valueText(one, one.value)} from ${sourceText(one)}`;
};

test.each<Purpose>(['plain', 'slow', 'fast', 'control', 'operation'])(
  "a session for %s sees the server's settings, and none of pgdeck's own",
  async (purpose) => {
    const all = await listed(purpose);
    for (const name of Object.keys({ ...sessionSettings('slow', true), ...FILE })) {
      if (name === 'default_transaction_read_only') continue;
      const wanted = FILE[name as keyof typeof FILE];
      expect(shown(all, name), name).toMatch(
        new RegExp(`^${wanted.replace('$', '\\$')} from pgdeck.conf:\\d+$`, 'i'),
      );
    }
    expect(shown(all, 'default_transaction_read_only')).toBe('off from default');
    expect(shown(all, 'application_name')).toBe("'' from default");
  },
);

test('what a role or a database has is told apart from what the server has', async () => {
  const all = await listed('plain');
  expect(shown(all, 'random_page_cost')).toBe('4 from default');
  expect(all.get('random_page_cost')?.scopes).toEqual([
    { role: 'postgres', database: null, name: 'random_page_cost', value: '2.5' },
  ]);
  expect(shown(all, 'seq_page_cost')).toBe('1 from default');
  expect(all.get('effective_cache_size')?.scopes).toMatchObject([{ role: 'reader', database: 'postgres' }]);
  expect(isChanged(all.get('effective_cache_size') as Setting)).toBe(true);
});

test('who may not read the files is told what is not known, and nothing that is wrong', async () => {
  const all = await listed('plain', 'reader');
  expect(shown(all, 'effective_cache_size')).toBe('- from not known');
  expect(shown(all, 'work_mem')).toBe('3MB from configuration file');
  expect(all.has('data_directory')).toBe(false);
  const slow = await listed('slow', 'reader');
  expect(slow.get('statement_timeout')).toMatchObject({ value: null, from: 'not known' });
});

test('what waits for a restart, with what it will be, and the line that it overrides', async () => {
  const all = await listed('plain');
  expect(all.get('max_connections')).toMatchObject({
    value: '100',
    pending_restart: true,
    waiting: '55',
    wrong: [],
    overridden: [{ name: 'max_connections', value: '100' }],
  });
  expect(shown(all, 'checkpoint_timeout')).toBe('6min from ALTER SYSTEM');
  expect(
    [all.get('max_connections'), all.get('work_mem'), all.get('log_connections')].map((s) =>
      takesOf(s as Setting),
    ),
  ).toEqual(['restart', 'reload', 'new session']);
});
