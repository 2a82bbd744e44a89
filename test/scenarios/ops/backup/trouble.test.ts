import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { run } from '../../../../src/hosts/local.ts';
import { dumpingFailure } from '../../../../src/ops/backup/dump/failure.ts';
import { heldBy } from '../../../../src/ops/backup/dump/hold.ts';
import { engineErrors } from '../../../../src/ops/engine/errors.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import { complaints, contextFor, entries, planBackup, withAdmin } from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import {
  client,
  type TestDatabase,
  testDatabase,
  throwawayCluster,
  until,
} from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  // random: it cannot be compressed
  await session.sql(`
    CREATE EXTENSION pgcrypto;
    CREATE TABLE noise AS SELECT gen_random_bytes(1000) AS b FROM generate_series(1, 8000);
    CREATE TABLE small (id int)`);
});
afterAll(() => db.drop());

/** Sessions that a run has on the server. */
async function sessionsOf(run: string): Promise<number> {
  const rows = await withAdmin((admin) =>
    admin.sql('SELECT pid FROM pg_stat_activity WHERE application_name = $1', [`pgdeck:${run}`]),
  );
  return rows.length;
}

/** Holds a table so that pg_dump has to wait for it. */
async function locked(table: string): Promise<{ pid: number; release: () => Promise<void> }> {
  const session = await client(db.target(), 'migration');
  await session.sql(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
  return { pid: session.pid, release: () => session.close() };
}

/** A file system of that size; undefined where this user may not mount one. */
async function smallDisk(name: string, options: string): Promise<string | undefined> {
  const path = join(home, name);
  mkdirSync(path);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).catch(() => undefined);
  if (mounted?.exitCode !== 0) return undefined;
  onTestFinished(async () => {
    await run('umount', ['-l', path]);
  });
  return path;
}

describe('the disk', () => {
  test('that is full in the middle: a sentence, and nothing is left', async (test_) => {
    const disk = await smallDisk('full', 'size=5m');
    if (disk === undefined) return test_.skip('this user may not mount a file system');
    const context = contextFor(db.target(), home);
    const plan = await planBackup(context, { dir: disk });
    expect(complaints(plan)).toEqual([expect.stringMatching(/^warn Free space: 5\.0 MB are free/)]);
    const { end } = await carryOut(plan, context);
    expect(end).toMatchObject({ ok: false, status: 'failed', undo: null });
    expect(end.text).toMatch(/^Dump .* The disk of .* is full\. Make room there/);
    expect(entries(disk)).toEqual([]);
    expect(await sessionsOf(end.run)).toBe(0);
  });

  test('that no file can be written to is not one that is full', async (test_) => {
    const context = contextFor(db.target(), home);
    const file = join(home, 'in-the-way');
    writeFileSync(file, '');
    const disk = await smallDisk('read-only', 'size=5m,ro');
    const places: [string, RegExp][] = [
      [
        '/proc/backups',
        /^block Repository: \/proc (is on a file system that takes no files|cannot be written)/,
      ],
      ['/sys/deep/er', /^block Repository: \/sys (is on a file system|cannot be written)/],
      [join(file, 'below'), /^block Repository: .*in-the-way is no directory/],
      [`/tmp/${'x'.repeat(300)}`, /^block Repository: .* has a name that is too long/],
    ];
    for (const [dir, expected] of places)
      expect(complaints(await planBackup(context, { dir })), dir).toEqual([expect.stringMatching(expected)]);
    if (disk === undefined) return test_.skip('this user may not mount a file system');
    const found = complaints(await planBackup(context, { dir: join(disk, 'new') }));
    expect(found).toEqual([
      expect.stringMatching(/^block Repository: .*read-only is on a file system that is read-only/),
    ]);
  });

  test('that is too small is refused before', async (test_) => {
    const disk = await smallDisk('small', 'size=1m');
    if (disk === undefined) return test_.skip('this user may not mount a file system');
    const context = contextFor(db.target(), home);
    const plan = await planBackup(context, { dir: disk });
    expect(complaints(plan)).toEqual([expect.stringMatching(/^block Free space: 1\.0 MB are free/)]);
    expect((await carryOut(plan, context)).end.status).toBe('refused');
    // whoever knows better types the name; that it does not fit after all leaves nothing
    const ignored = await planBackup(context, { dir: disk, ignore_space: true });
    expect(ignored.danger).toBe('type-name');
    expect(complaints(ignored)).toEqual([
      expect.stringMatching(
        /^warn Free space: 1\.0 MB are free, .* It is made all the same \(--ignore-space\)\.$/,
      ),
    ]);
    expect((await carryOut(ignored, context)).end.text).toMatch(/The disk of .* is full\. Make room there/);
    expect(entries(disk)).toEqual([]);
  });

  test('that seems too small, and is not: --ignore-space makes the backup', async (test_) => {
    const disk = await smallDisk('enough', 'size=2m');
    if (disk === undefined) return test_.skip('this user may not mount a file system');
    const database = await testDatabase();
    onTestFinished(() => database.drop());
    const session = await client(database.target());
    // it takes more in the database than packed
    await session.sql("CREATE TABLE dull AS SELECT repeat('x', 1000) AS b FROM generate_series(1, 20000)");
    const context = contextFor(database.target(), home);
    expect(complaints(await planBackup(context, { dir: disk }))).toEqual([
      expect.stringMatching(/^block Free space: .*If you know better, give --ignore-space and --confirm/),
    ]);
    const plan = await planBackup(context, { dir: disk, ignore_space: true });
    expect((await carryOut(plan, context)).end).toMatchObject({ ok: true });
    expect((await listBackups(disk)).map(({ status }) => status)).toEqual(['ok']);
  });

  test('that is read-only, or no directory, is refused before', async (test_) => {
    const context = contextFor(db.target(), home);
    const file = join(home, 'file');
    writeFileSync(file, '');
    expect(complaints(await planBackup(context, { dir: join(file, 'below') }))).toEqual([
      `block Repository: ${file} is no directory. Name another one with --dir.`,
    ]);
    const disk = await smallDisk('sealed', 'size=5m,ro');
    if (disk === undefined) return test_.skip('this user may not mount a file system');
    expect(complaints(await planBackup(context, { dir: join(disk, 'backups') }))).toEqual([
      `block Repository: ${disk} is on a file system that is read-only. Fix that, or name another directory with --dir.`,
    ]);
  });
});

test('cancelled in the middle: nothing is left, here or on the server', async () => {
  const repository = join(home, 'cancelled');
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { dir: repository });
  const holder = await locked('noise');
  try {
    const abort = new AbortController();
    const going = carryOut(plan, context, {
      signal: abort.signal,
      onEvent: async (event) => {
        if (event.type !== 'line' || !event.text.includes('pg_dump -w')) return;
        await until(() => waiters(holder.pid), { what: 'pg_dump waiting for the lock' });
        abort.abort();
      },
    });
    const { end } = await going;
    expect(end.status).toBe('cancelled');
    expect(entries(repository)).toEqual([]);
    await until(async () => (await sessionsOf(end.run)) === 0, { what: 'no session of the run' });
  } finally {
    await holder.release();
  }
});

async function waiters(pid: number): Promise<boolean> {
  const rows = await withAdmin((admin) =>
    admin.sql('SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))', [pid]),
  );
  return rows.length > 0;
}

test('a second run is refused while one goes on; a table that is locked is told before', async () => {
  const repository = join(home, 'twice');
  const [first, second] = [contextFor(db.target(), home), contextFor(db.target(), home)];
  const plan = await planBackup(first, { dir: repository });
  const holder = await locked('small');
  let status: string | undefined;
  const going = carryOut(plan, first, {
    onEvent: async (event) => {
      if (event.type !== 'line' || !event.text.includes('pg_dump -w')) return;
      await until(() => waiters(holder.pid), { what: 'pg_dump waiting for the lock' });
      const again = await planBackup(second, { dir: repository });
      expect(complaints(again)).toEqual([
        expect.stringMatching(
          new RegExp(`^warn Locks: Session ${holder.pid} .*migration.* holds public\\.small exclusively for`),
        ),
      ]);
      const { end } = await carryOut(again, second);
      status = `${end.status}: ${end.text}`;
      await holder.release();
    },
  });
  const { end } = await going;
  expect(status).toMatch(
    new RegExp(
      `^refused: Another backup of ${db.database} is running: run \\S+, session \\d+ of postgres.*\\. Wait for it, or see it with: pgdeck runs list$`,
    ),
  );
  expect(end.ok).toBe(true);
  expect((await listBackups(repository)).length).toBe(1);
});

test('pg_dump or its session ended by somebody: a sentence, and nothing is left', async () => {
  const repository = join(home, 'ended');
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { dir: repository });
  const holder = await locked('noise');
  const { end } = await carryOut(plan, context, {
    onEvent: async (event) => {
      if (event.type !== 'line' || !event.text.includes('pg_dump -w')) return;
      // the count may wait for it before pg_dump does
      const ended = () =>
        withAdmin((admin) =>
          admin.sql(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)) AND query LIKE 'LOCK TABLE%'`,
            [holder.pid],
          ),
        );
      await until(async () => (await ended()).length > 0, { what: 'pg_dump waiting for the lock' });
    },
  });
  await holder.release();
  expect(end.status).toBe('failed');
  expect(end.text).toMatch(/The server ended the connection while it was read\. See why in its log/);
  expect(entries(repository)).toEqual([]);
});

describe('a server', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await throwawayCluster({ max_locks_per_transaction: '10', max_connections: '15' });
  });
  afterAll(() => cluster.remove());

  test('with room for few locks: counting takes no more than pg_dump does', async () => {
    const session = await client(cluster.target());
    for (let from = 0; from < 250; from += 50)
      await session.sql(
        `DO $$ BEGIN FOR n IN ${from}..${from + 49} LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, a int UNIQUE)', n); END LOOP; END $$`,
      );
    const context = contextFor(cluster.target(), home);
    const { end } = await carryOut(await planBackup(context, { dir: join(home, 'locks') }), context);
    expect(end.text).toBe('Back up postgres: done.');
  });

  test('that goes away in the middle', async () => {
    const repository = join(home, 'gone');
    const session = await client(cluster.target());
    await session.sql('CREATE TABLE held (id int)');
    const context = contextFor(cluster.target(), home);
    const plan = await planBackup(context, { dir: repository });
    await session.sql('BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
    const { end } = await carryOut(plan, context, {
      onEvent: async (event) => {
        if (event.type !== 'line' || !event.text.includes('pg_dump -w')) return;
        await until(
          async () =>
            (await session.sql('SELECT pid FROM pg_locks WHERE NOT granted AND relation IS NOT NULL'))
              .length > 1,
          { what: 'pg_dump and the count waiting for the lock' },
        );
        await cluster.stop('immediate');
      },
    });
    expect(end.status).toBe('failed');
    expect(end.text).toContain('The server ended the connection while it was read. See why in its log');
    expect(entries(repository)).toEqual([]);
    // pg_dumpall may be the first to notice, and says only that it could not connect
    const said = 'pg_dumpall: error: could not connect to database "postgres"';
    const first = engineErrors.program({ program: 'pg_dumpall', exitCode: 1, said });
    expect(await dumpingFailure(first, heldBy(session, 'any'))).toMatchObject({ code: 'backup.serverGone' });
  });
});

test('a dump that waits for a table says once who has it', async () => {
  const holder = await locked('small');
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { dir: join(home, 'waiting') });
  const said = `Waiting for a table. Session ${holder.pid} (postgres, migration) holds public.small exclusively for `;
  const { end, events } = await carryOut(plan, context, {
    onEvent: (event) => {
      if (event.type === 'line' && event.text.startsWith(said)) void holder.release();
    },
  });
  expect(end.ok).toBe(true);
  expect(events.filter((event) => event.type === 'line' && event.text.startsWith(said))).toHaveLength(1);
}, 30_000);
