import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { leftBehind, listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { gone, migration, projectIn } from '../../../ops/project/stage.ts';
import { contextIn, dropLike, inDatabase } from '../../../ops/restore/stage.ts';
import { serverTarget, type TestDatabase, testDatabase, throwawayCluster } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

interface Ended {
  readonly signal: string | null;
  readonly code: number | null;
  readonly said: string;
}

/** Runs a command in a process of its own, which kills itself at the point. */
async function pgdeckAt(
  point: string | undefined,
  home: string,
  where: { host: string; port: number; user: string; database: string },
  ...args: string[]
): Promise<Ended> {
  const { host, port, user, database } = where;
  const child = spawn(
    process.execPath,
    [MAIN, '-h', host, '-p', String(port), '-U', user, '-d', database, ...args],
    {
      env: {
        ...cleanEnvironment(home),
        BACKUP_DIR: join(home, 'backups'),
        APP_PASSWORD: 'app-Secret-7',
        ...(point !== undefined && { PGDECK_CRASH_AT: point }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (data) => {
    said += String(data);
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, said };
}

const journal = (home: string) =>
  contextIn(serverTarget(), home, { XDG_STATE_HOME: join(home, '.local', 'state') }).journal;

/** From the first step to the last, each in turn; those of the parts by the names that they have there. */
const SETUP_POINTS = [
  ...['server', 'server:end', 'role:crash_app', 'create:made', 'role:crash_app:end'],
  ...['database', 'create:created', 'database:made', 'database:end'],
  ...['sql:a.sql', 'run:1', 'run:last', 'run:committed', 'sql:b.sql', 'sql:b.sql:end'],
  ...['migrate', 'up:0001', 'migrate:end', 'grant:crash_app', 'grant:granted', 'grant:committed'],
  ...['init', 'init:ran', 'init:end', 'backup', 'dump', 'verify', 'backup:end', 'settle', 'health', 'report'],
];

test('a set-up that is killed at every step goes on each time, and does nothing twice', async () => {
  const home = temporaryDirectory();
  const file = projectIn(home, {
    'pgdeck.setup.json': {
      database: { name: 'crash_setup' },
      roles: [{ name: 'crash_app', password: { env: 'APP_PASSWORD' }, as: 'read-write' }],
      sql: ['a.sql', 'b.sql'],
      migrations: { dir: 'migrations' },
      init: { command: [process.execPath, 'init.mjs'], repeatable: true },
    },
    'a.sql': 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);',
    'b.sql': 'INSERT INTO a VALUES (2);',
    'migrations/0001_b.sql': migration('CREATE TABLE b (id int PRIMARY KEY)'),
    'init.mjs': "import { appendFileSync } from 'node:fs'; appendFileSync('init.log', 'x');",
  });
  try {
    const where = { ...serverTarget(), database: 'postgres' };
    const run = (point?: string) => pgdeckAt(point, home, where, 'db', 'setup', '--file', file, '--yes');
    for (const point of SETUP_POINTS) {
      const { signal, said } = await run(point);
      expect(signal, `${point}\n${said}`).toBe('SIGKILL');
    }
    const last = await run();
    expect(last.said).toMatch(/Set up crash_setup: done\./);
    expect(await inDatabase('crash_setup', (s) => s.sql('SELECT id FROM a ORDER BY id'))).toEqual([
      { id: 1 },
      { id: 2 },
    ]);
    expect(
      await inDatabase('crash_setup', (s) =>
        s.sql(`SELECT has_table_privilege('crash_app', 'b', 'INSERT') AS may`),
      ),
    ).toEqual([{ may: true }]);
    // the one that had run when it was killed was run again, as the file says that it may be
    expect(readFileSync(join(home, 'init.log'), 'utf8')).toBe('xx');
    expect(
      listRuns(journal(home))
        .filter(leftBehind)
        .map(({ subject }) => subject),
    ).toEqual([]);
    const back = await pgdeckAt(
      undefined,
      home,
      where,
      'db',
      'setup',
      '--file',
      file,
      '--back',
      '--confirm',
      'crash_setup',
    );
    expect(back.code, back.said).toBe(0);
    const left = await inDatabase('postgres', (s) =>
      s.sql(
        "SELECT datname::text FROM pg_database WHERE datname = 'crash_setup' UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname = 'crash_app'",
      ),
    );
    expect(left).toEqual([]);
  } finally {
    await gone('crash_setup', 'crash_app');
  }
}, 1_500_000);

let cluster: Cluster;
beforeAll(async () => {
  cluster = await throwawayCluster();
});
afterAll(() => cluster.remove());

/** Starts the server that is down, as its own user. */
const START = `import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
const [pgCtl, data, options, log] = process.argv.slice(2);
const { uid, gid } = statSync(data);
const { status } = spawnSync(pgCtl, ['-D', data, '-o', options, '-l', log, '-w', 'start'], { uid, gid, cwd: '/', stdio: 'ignore' });
process.exit(status ?? 1);
`;

test('from a server that is down: killed before and after its start, and brought up in one command', async () => {
  const home = temporaryDirectory();
  const target = cluster.target();
  const { bin, dataDir, port, socketDir } = cluster;
  const options = `-p ${port} -k ${socketDir} -c listen_addresses=127.0.0.1`;
  const file = projectIn(home, {
    'pgdeck.setup.json': {
      server: {
        start: [
          process.execPath,
          'start.mjs',
          join(bin, 'pg_ctl'),
          dataDir,
          options,
          join(dataDir, 'started.log'),
        ],
        wait_seconds: 60,
      },
      database: { name: 'started' },
      sql: ['a.sql'],
    },
    'a.sql': 'CREATE TABLE a AS SELECT 7 AS n;',
    'start.mjs': START,
  });
  await cluster.stop();
  const where = { ...target, database: 'postgres' };
  const run = (point?: string) => pgdeckAt(point, home, where, 'db', 'setup', '--file', file, '--yes');
  for (const point of ['server', 'server:started', 'server:end']) {
    const { signal, said } = await run(point);
    expect(signal, `${point}\n${said}`).toBe('SIGKILL');
  }
  expect((await run()).said).toMatch(/Set up started: done\./);
  const session = await connect({ ...target, database: 'started' }, 'plain', 'test');
  try {
    expect(await session.sql('SELECT n FROM a')).toEqual([{ n: 7 }]);
  } finally {
    await session.close();
    const { uid, gid } = statSync(dataDir);
    const stop = spawn(join(bin, 'pg_ctl'), ['-D', dataDir, '-m', 'immediate', 'stop'], {
      uid,
      gid,
      cwd: '/',
    });
    await once(stop, 'close');
  }
}, 600_000);

const UPGRADE_POINTS = [
  ...['about', 'backup', 'dump', 'backup:end', 'migrate', 'up:0002', 'up:0003', 'migrate:end'],
  ...['analyze', 'analyze:end', 'restart', 'restart:end', 'settle', 'health'],
];

test('an upgrade that is killed at every step goes on each time, and comes back to before the first', async () => {
  const home = temporaryDirectory();
  const db: TestDatabase = await testDatabase();
  try {
    const file = projectIn(home, {
      'pgdeck.setup.json': {
        migrations: { dir: 'migrations' },
        app: { restart: [process.execPath, '-e', '0'] },
      },
      'migrations/0001_a.sql': migration('CREATE TABLE a (id int PRIMARY KEY)'),
      'migrations/0002_b.sql': migration('CREATE TABLE b (id int PRIMARY KEY)'),
      'migrations/0003_c.sql': migration('CREATE TABLE c (id int PRIMARY KEY)'),
    });
    const where = db.target();
    const run = (point: string | undefined, ...more: string[]) =>
      pgdeckAt(point, home, where, 'db', 'upgrade', '--file', file, ...more);
    for (const point of UPGRADE_POINTS) {
      const { signal, said } = await run(point, '--yes');
      expect(signal, `${point}\n${said}`).toBe('SIGKILL');
    }
    const tables = async () =>
      (
        await inDatabase(db.database, (s) =>
          s.sql("SELECT relname::text AS n FROM pg_class WHERE relname IN ('a', 'b', 'c') ORDER BY 1"),
        )
      ).map(({ n }) => n);
    expect(await tables()).toEqual(['a', 'b', 'c']);
    // killed on the way back, too
    const back = ['--back', '--confirm', db.database];
    const killed = await run('restore', ...back);
    expect(killed.signal, killed.said).toBe('SIGKILL');
    const end = await run(undefined, ...back);
    expect(end.code, end.said).toBe(0);
    expect(await tables()).toEqual([]);
  } finally {
    await dropLike(db.database);
  }
}, 1_500_000);
