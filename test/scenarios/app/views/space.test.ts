import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shownRows } from '../../../../src/app/views/select.ts';
import { spaceView } from '../../../../src/app/views/space.ts';
import type { Session } from '../../../../src/db/session.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { Stage } from '../../../app/stage.ts';
import { client, throwawayCluster, until } from '../../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../../support/program.ts';

const COPY = 'shop__before_20260101T000000';
const home = temporaryDirectory();
const repository = join(home, 'backups');
let cluster: Cluster;
let session: Session;
let sorter: Session;

beforeAll(async () => {
  cluster = await throwawayCluster({
    autovacuum: 'off',
    archive_mode: 'on',
    archive_command: 'false',
    wal_keep_size: '32MB',
    wal_level: 'replica',
    logging_collector: 'on',
  });
  session = await client(cluster.target());
  await session.sql("SELECT pg_create_physical_replication_slot('nobody', true)");
  await session.sql(
    "CREATE TABLE big AS SELECT g AS id, repeat('x', 200) AS t FROM generate_series(1, 20000) g",
  );
  await session.sql('CREATE INDEX big_id ON big (id)');
  await session.sql('ANALYZE big');
  await session.sql('SELECT pg_switch_wal()');
  await session.sql('CREATE DATABASE "shop__before_20260101T000000"');
  await session.sql(
    `COMMENT ON DATABASE "shop__before_20260101T000000" IS '{"pgdeck":"before","target":"shop","run":"20260101T000000-abcdef"}'`,
  );
  // a sort that does not fit, as long as its cursor is open
  sorter = await client(cluster.target(), 'sorter');
  await sorter.sql("SET work_mem = '64kB'");
  await sorter.sql('BEGIN');
  await sorter.sql('DECLARE c CURSOR FOR SELECT * FROM big ORDER BY t, id DESC');
  await sorter.sql('FETCH 1 FROM c');
  // of a session that is gone, and of a relation that is
  mkdirSync(join(cluster.dataDir, 'base', 'pgsql_tmp'), { recursive: true });
  writeFileSync(join(cluster.dataDir, 'base', 'pgsql_tmp', 'pgsql_tmp999999.0'), Buffer.alloc(50_000));
  const [row] = await session.sql("SELECT pg_relation_filepath('big') AS path");
  const orphan = join(cluster.dataDir, String(row?.path).replace(/\d+$/, '999999'));
  writeFileSync(orphan, Buffer.alloc(70_000));
  utimesSync(orphan, new Date('2026-01-01'), new Date('2026-01-01'));
  mkdirSync(repository);
  writeFileSync(join(repository, 'old.sql'), '-- PostgreSQL database dump\n\nSELECT 1;\n');
  await until(
    async () =>
      (await session.sql('SELECT failed_count > 0 AS failed FROM pg_stat_archiver'))[0]?.failed === true,
    { what: 'archive_command fails', timeout: 20_000 },
  );
});
afterAll(async () => {
  await Promise.all([session, sorter].map((one) => one?.close()));
  await cluster?.remove();
});

function env(role = 'postgres') {
  const { host, port, database } = cluster.target();
  return cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: role,
    PGDATABASE: database,
    BACKUP_DIR: repository,
  });
}

interface Told {
  readonly kind: string;
  readonly name: string;
  readonly bytes: number | null;
  readonly note: string;
  readonly helps: string;
  readonly operation: string | null;
  readonly pid: number | null;
}

async function space(role?: string, ...args: string[]) {
  const { code, stdout, stderr } = await pgdeckHere(['space', '--json', ...args], env(role));
  expect(code, stderr).toBe(0);
  const told = JSON.parse(stdout);
  const find = (kind: string, name: RegExp) =>
    (told.consumers as Told[]).find((one) => one.kind === kind && name.test(one.name));
  return { told, find };
}

test('everything that takes room is told, with what helps', async () => {
  const { told, find } = await space();
  expect(find('database', /^postgres$/)?.bytes).toBeGreaterThan(5_000_000);
  expect(find('table', /^public\.big$/)?.bytes).toBeGreaterThan(4_000_000);
  expect(find('index', /^public\.big_id$/)).toMatchObject({ bytes: expect.any(Number) });
  expect(find('kept copy', /^shop__before/)).toMatchObject({
    operation: 'db drop',
    bytes: expect.any(Number),
  });
  expect(find('WAL kept', /^slot nobody$/)).toMatchObject({
    helps: "if nobody comes back for it: SELECT pg_drop_replication_slot('nobody')",
    note: expect.stringContaining('nobody use'),
  });
  expect(find('WAL kept', /^archiver$/)).toMatchObject({
    note: expect.stringMatching(/^\d+ segments? not in the archive yet/),
    helps: expect.stringMatching(/^archive_command fails, last on [0-9A-F]{24}/),
  });
  expect(find('WAL kept', /^wal_keep_size$/)).toMatchObject({ bytes: 32 * 1024 ** 2 });
  const [temp] = (told.consumers as Told[]).filter(({ kind, pid }) => kind === 'temporary' && pid !== null);
  expect(temp).toMatchObject({
    pid: sorter.pid,
    name: `session ${sorter.pid}`,
    helps: expect.stringMatching(`^pgdeck cancel ${sorter.pid} --backend-start \\d{16}; `),
  });
  expect(find('temporary', /^session 999999, gone$/)).toMatchObject({
    bytes: 50_000,
    helps: expect.stringContaining('not by hand'),
  });
  expect(find('orphans', /^files of postgres$/)).toMatchObject({
    bytes: 70_000,
    note: expect.stringContaining('999999'),
  });
  expect(find('server log', /files/)?.bytes).toBeGreaterThan(0);
  expect(find('backups', /backups$/)).toMatchObject({
    operation: 'backups prune',
    bytes: expect.any(Number),
  });
  // of this machine's own server the disk is known
  expect(told.disks[0]).toMatchObject({ name: 'data directory', freeBytes: expect.any(Number) });
  expect(told.pg_wal_by_hand).toMatch(
    /do not run pg_archivecleanup on it: .* does not start again after a crash/,
  );
  expect(told.wal_kept_by.map(({ kind }: { kind: string }) => kind).sort()).toEqual([
    'archiver',
    'checkpoint',
    'slot',
    'wal_keep_size',
  ]);
  expect((await space(undefined, '--limit', '2')).told).toMatchObject({
    consumers: { length: 2 },
    not_listed: expect.any(Number),
  });
});

test('nothing of what helps deletes anything in pg_wal', async () => {
  const { told } = await space();
  for (const { helps, note } of told.consumers as Told[])
    expect(`${helps} ${note}`).not.toMatch(/archivecleanup|\brm\b|unlink/);
});

test('what a role may not know is told with what would change that, never as nothing', async () => {
  await session.sql('CREATE ROLE nobody LOGIN');
  const { find } = await space('nobody');
  for (const [kind, name] of [
    ['WAL', /^pg_wal$/],
    ['temporary', /files/],
    ['server log', /files/],
    ['WAL kept', /^archiver$/],
  ] as const)
    expect(find(kind, name)).toMatchObject({
      bytes: null,
      note: expect.stringContaining('GRANT pg_monitor TO "nobody"'),
    });
  expect(find('orphans', /./)).toBeUndefined();
  // and once in a row, in whichever column
  const { stdout } = await pgdeckHere(['space'], env('nobody'));
  const lines = stdout.split('\n').filter((line) => line.includes('not known'));
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(line.match(/not known/g), line).toHaveLength(1);
});

test('of WAL that a role may not see it is not said that nothing has to be done', async () => {
  const plain = await throwawayCluster();
  try {
    const admin = await client(plain.target());
    await admin.sql('CREATE ROLE nobody LOGIN');
    await admin.close();
    const { host, port } = plain.target();
    const { stdout } = await pgdeckHere(['space', '--json'], {
      ...env('nobody'),
      ...{ PGHOST: host, PGPORT: String(port) },
    });
    const told = JSON.parse(stdout).consumers as Told[];
    expect(told.find(({ kind, name }) => kind === 'WAL' && name === 'pg_wal')).toMatchObject({
      bytes: null,
      helps: '',
    });
  } finally {
    await plain.remove();
  }
});

test('the console has it in the palette; its row of a session is cancelled by c, its copy dropped from its details', async () => {
  const stage = await new Stage(cluster.target(), {
    env: { XDG_STATE_HOME: home, BACKUP_DIR: repository },
  }).start();
  try {
    stage.keys(':');
    stage.type('space');
    stage.keys('enter');
    const shown = () => shownRows(spaceView, stage.deck.model, stage.deck.state).rows as { name: string }[];
    await stage.seconds(
      () => [`session ${sorter.pid}`, COPY].every((wanted) => shown().some(({ name }) => name === wanted)),
      'the rows',
    );
    stage.filter(`session ${sorter.pid}`);
    stage.keys('c');
    expect(stage.deck.state.overlay).toMatchObject({ kind: 'signal' });
    stage.keys('esc', 'esc');
    // a table is what keys are about that take one
    stage.filter('public.big');
    stage.keys('home', 'd');
    await stage.seconds(
      () => stage.deck.state.wizards.at(-1)?.form.texts.table?.text === 'public.big',
      'the cleanup of the table',
    );
    stage.keys('esc');
    stage.filter('shop__before');
    stage.keys('enter', 'enter');
    await stage.seconds(
      () => stage.deck.state.wizards.at(-1)?.entry.id === 'db drop',
      'the drop of the copy',
    );
  } finally {
    await stage.stop();
  }
});
