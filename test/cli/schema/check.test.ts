import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/client.ts';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
const file = join(home, 'schema.json');
const backups = join(home, 'backups');
let db: TestDatabase;
let good: TestDatabase;
let session: Session;
let env: Record<string, string>;

const SCHEMA = `CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,
  org int REFERENCES orgs (id), mood mood, balance numeric(10,2) DEFAULT 0);
CREATE VIEW rich AS SELECT id FROM users WHERE balance > 100;
INSERT INTO orgs SELECT generate_series(1, 3)`;

beforeAll(async () => {
  db = await testDatabase();
  good = await testDatabase();
  const { host, port } = serverTarget();
  env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: db.database,
    BACKUP_DIR: backups,
  });
  session = await client(db.target());
  await session.sql(SCHEMA);
  await (await client(good.target())).sql(SCHEMA);
  expect((await pgdeckHere(['schema', 'snapshot', '--out', file], env)).code).toBe(0);
  expect((await pgdeckHere(['backup'], env)).code).toBe(0);
});
afterAll(async () => {
  await db.drop();
  await good.drop();
});

const check = (...args: string[]) => pgdeckHere(['schema', 'check', ...args], env);
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await check(...args, '--json');
  return { code, stderr, report: JSON.parse(stdout) };
};
/** The database with a change, which is taken back. */
async function drifted<T>(sql: string, back: string, work: () => Promise<T>): Promise<T> {
  await session.sql(sql);
  try {
    return await work();
  } finally {
    await session.sql(back);
  }
}
const leftovers = () =>
  session.sql(
    `SELECT datname FROM pg_database WHERE datname LIKE 'pgdeck_shadow%' UNION ALL SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgdeck_%'`,
  );

const list = (content: unknown) => {
  const path = join(home, 'list.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

test('the same: exit 0, and what a clean result says nothing about', async () => {
  const { code, report } = await json('--against', file);
  expect(report).toMatchObject({
    formatVersion: 1,
    status: 'healthy',
    against: expect.stringContaining('schema.json, of PostgreSQL '),
    issues: [],
    suggestions: [],
  });
  expect(code).toBe(0);
  expect(report.tables['public.orgs']).toEqual({ exists: true, row_count: 3, row_count_kind: 'exact' });
  expect(report.notCompared[0]).toEqual({ what: 'owners and grants', why: 'not asked for: add --grants' });
  expect(report.notCompared.map(({ what }: { what: string }) => what)).toEqual(
    expect.arrayContaining(['data', 'subscriptions', 'roles', 'database settings']),
  );
  const text = await check('--against', file);
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/^healthy: nothing differs$/m);
  expect(text.stdout).toContain('owners and grants: not asked for: add --grants');
});

test('what is minor exits 1, what is critical 2, and what is there besides 0', async () => {
  const minor = await drifted(
    'ALTER TABLE users ALTER balance SET DEFAULT 1; CREATE TABLE more (id int)',
    'ALTER TABLE users ALTER balance SET DEFAULT 0; DROP TABLE more',
    () => json('--against', file),
  );
  expect(minor).toMatchObject({ code: 1, report: { status: 'warning' } });
  expect(minor.report.issues).toMatchObject([
    {
      id: 'changed:column:public.users.balance:default',
      severity: 'minor',
      expected: '0',
      actual: '1',
      known: false,
    },
    { id: 'extra:table:public.more', severity: 'info', expected: null },
  ]);
  await drifted('CREATE TABLE more (id int)', 'DROP TABLE more', async () => {
    expect((await check('--against', file)).code).toBe(0);
  });
  await drifted(
    'DROP VIEW rich',
    'CREATE VIEW rich AS SELECT id FROM users WHERE balance > 100',
    async () => {
      const { code, stdout } = await check('--against', file);
      expect(code).toBe(2);
      expect(stdout).toMatch(/^unhealthy: 1 critical$/m);
      expect(stdout).toMatch(/^CRITICAL {2}missing:view:public\.rich$/m);
      expect(stdout).toContain(`Next: pgdeck schema fix --against ${file} --plan`);
    },
  );
});

test('what the baseline knows does not count, and what is gone from it is told', async () => {
  const baseline = join(home, 'baseline.json');
  await drifted(
    'ALTER TABLE users ALTER balance SET DEFAULT 1',
    'ALTER TABLE users ALTER balance SET DEFAULT 0',
    async () => {
      writeFileSync(baseline, (await check('--against', file, '--json')).stdout);
      const known = await json('--against', file, '--baseline', baseline);
      expect(known).toMatchObject({ code: 0, report: { status: 'healthy', gone: [] } });
      expect(known.report.issues).toMatchObject([{ known: true, severity: 'minor' }]);
      writeFileSync(baseline, JSON.stringify(['missing:table:public.gone']));
      const other = await json('--against', file, '--baseline', baseline);
      expect(other).toMatchObject({ code: 1, report: { gone: ['missing:table:public.gone'] } });
    },
  );
  writeFileSync(baseline, '{"formatVersion":1}');
  expect(await check('--against', file, '--baseline', baseline)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('is no baseline.'),
  });
});

test('a REVOKE on a view is not seen unless grants are asked for', async () => {
  const grants = join(home, 'grants.json');
  await session.sql('GRANT SELECT ON rich TO pg_monitor; GRANT UPDATE (email) ON users TO pg_monitor');
  expect((await pgdeckHere(['schema', 'snapshot', '--grants', '--out', grants], env)).code).toBe(0);
  expect(await json('--against', grants, '--grants')).toMatchObject({ code: 0, report: { issues: [] } });
  await session.sql('REVOKE SELECT ON rich FROM pg_monitor; REVOKE UPDATE (email) ON users FROM pg_monitor');
  const silent = await json('--against', grants);
  expect(silent).toMatchObject({ code: 0, report: { status: 'healthy' } });
  expect(silent.report.notCompared[0].why).toBe('not asked for: add --grants');
  const asked = await json('--against', grants, '--grants');
  expect(asked).toMatchObject({ code: 1, report: { status: 'warning' } });
  expect(asked.report.issues).toMatchObject([
    {
      id: 'changed:privileges:public.rich:grants',
      severity: 'minor',
      expected: 'pg_monitor: SELECT',
      actual: null,
    },
    { id: 'changed:privileges:public.users.email:grants', expected: 'pg_monitor: UPDATE' },
  ]);
  expect(asked.report.compared).toContain('owners and grants');
  // a snapshot without them cannot be compared with them, and that is said
  const without = await json('--against', file, '--grants');
  expect(without.report.notCompared[0].why).toContain('pgdeck schema snapshot --grants');
});

test('a list that was written by hand: in the words of the server, and only what it names', async () => {
  const path = list({
    tables: {
      users: {
        columns: {
          id: 'bigint primary key',
          email: 'text not null unique',
          org: 'integer references orgs',
          mood: 'mood',
          balance: 'decimal ( 10 , 2 ) default 0',
        },
      },
      orgs: { columns: { id: 'int4' } },
    },
  });
  expect(await json('--against', path)).toMatchObject({ code: 0, report: { issues: [] } });
  await drifted(
    'ALTER TABLE users DROP CONSTRAINT users_email_key; CREATE UNIQUE INDEX by_email ON users (email); ALTER TABLE users ALTER email DROP NOT NULL',
    'ALTER TABLE users ADD UNIQUE (email); DROP INDEX by_email; ALTER TABLE users ALTER email SET NOT NULL',
    async () => {
      expect((await json('--against', path)).report.issues).toMatchObject([
        {
          id: 'changed:column:public.users.email:not null',
          expected: 'yes',
          actual: null,
          severity: 'minor',
        },
      ]);
    },
  );
  const wrong = list({
    tables: {
      users: { critical: true, columns: { balance: 'numeric(12,2)', email: 'text null', phone: 'text' } },
      'app.nothing': { columns: { id: 'uuid primary key' } },
    },
  });
  const { code, report } = await json('--against', wrong);
  expect(code).toBe(2);
  expect(report.issues).toMatchObject([
    { id: 'missing:schema:app', severity: 'critical' },
    { id: 'changed:column:public.users.balance:type', severity: 'critical', actual: 'numeric(10,2)' },
    { id: 'changed:column:public.users.email:not null', severity: 'critical', expected: null, actual: 'yes' },
    { id: 'missing:column:public.users.phone', severity: 'critical', expected: 'text' },
  ]);
  expect(report.notCompared.map(({ what }: { what: string }) => what)).toContain(
    'what the list does not name',
  );
  expect(await leftovers()).toEqual([]);
});

test.each([
  [
    { tables: { users: { columns: { email: 'text' }, colour: 1 } } },
    /tables\.users: Unrecognized key: "colour"/,
  ],
  [{ tables: { users: { columns: { email: 5 } } } }, /tables\.users\.columns\.email: Invalid input/],
  [
    { tables: { users: { columns: { email: 'text); DROP TABLE users; CREATE TABLE x (a int' } } } },
    /tables\.users\.columns\.email: Expected one type/,
  ],
  [{ tables: { users: { columns: { email: 'text, b int' } } } }, /Expected one type/],
  [{ tables: { users: { columns: { email: 'text) INHERITS (orgs' } } } }, /Expected one type/],
  [{ tables: { users: { columns: { mood: 'moody' } } } }, /columns\.mood: .*"moody" does not exist/],
  [{ tables: { users: { columns: { a: 'int references orgs2' } } } }, /Say which column is meant/],
  [{ tables: { 'a.b.c': {} } }, /Expected a name, or a schema and a name/],
  [{ tables: {} }, /Expected at least one table/],
  ['{"tables":{"users":', /is not JSON/],
])('a list that cannot be understood has no verdict, and its place is named: %j', async (content, told) => {
  const { code, stderr } = await check('--against', list(content));
  expect(stderr).toMatch(told);
  expect(code).toBe(3);
  expect(await leftovers()).toEqual([]);
});

test('a backup is loaded without its rows, and nothing is left', async () => {
  expect(await json('--against', 'latest')).toMatchObject({ code: 0, report: { issues: [] } });
  const dropped = await drifted(
    'ALTER TABLE users DROP COLUMN mood',
    'ALTER TABLE users ADD COLUMN mood mood',
    () => json('--against', 'latest'),
  );
  expect(dropped).toMatchObject({ code: 2 });
  expect(dropped.report.issues).toMatchObject([{ id: 'missing:column:public.users.mood' }]);
  expect(await leftovers()).toEqual([]);
  const none = await check('--against', '20200101T000000Z-none');
  expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('There is no file and no backup') });
});

test('another database of the server, and a URL', async () => {
  const { host, port } = serverTarget();
  const url = `postgresql://postgres@/${good.database}?host=${host}&port=${port}`;
  for (const against of [`database ${good.database}`, `database:${good.database}`, url])
    expect(await json('--against', against)).toMatchObject({ code: 0, report: { issues: [] } });
  const itself = await check('--against', url.replace(good.database, db.database));
  expect(itself).toMatchObject({ code: 3, stderr: expect.stringContaining('is the database itself') });
  const nowhere = await check('--against', 'database nobody_has_this');
  expect(nowhere).toMatchObject({ code: 3, stderr: expect.stringContaining('does not answer') });
});

test.each([
  'postgresql://postgres:s3cr3t@localhost/shop',
  'postgresql://postgres@localhost/shop?password=s3cr3t',
  'host=localhost password=s3cr3t',
])('a password in it is refused and not repeated: %s', async (against) => {
  for (const more of [[], ['--json']]) {
    const { code, stdout, stderr } = await check('--against', against, ...more);
    expect(code).toBe(3);
    expect(stderr).toContain('has a password in it');
    expect(stdout + stderr).not.toContain('s3cr3t');
  }
});

test('migrations are replayed in a database of their own', async () => {
  const dir = join(home, 'migrations');
  mkdirSync(dir, { recursive: true });
  const [first = '', ...rest] = SCHEMA.replace(/;\nINSERT.*$/s, '').split(';\n');
  writeFileSync(
    join(dir, '20260101000000_orgs.sql'),
    `-- migrate:up\n${first};\n-- migrate:down\nDROP TABLE orgs;\n`,
  );
  writeFileSync(
    join(dir, '20260102000000_rest.sql'),
    `-- migrate:up\n${rest.join(';\n')};\n-- migrate:down\n`,
  );
  const same = await json('--against', `migrations:${dir}`);
  expect(same.report).toMatchObject({
    status: 'healthy',
    against: expect.stringContaining('the 2 migrations in '),
  });
  await drifted(
    'DROP TYPE mood CASCADE',
    `CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TABLE users ADD mood mood`,
    async () => {
      const { report } = await json('--against', `migrations:${dir}`);
      expect(report.issues).toMatchObject([
        { id: 'missing:enum:public.mood' },
        { id: 'missing:column:public.users.mood' },
        { id: 'extra:extension:pg_stat_statements', severity: 'info' },
      ]);
    },
  );
  writeFileSync(join(dir, '20260103000000_bad.sql'), '-- migrate:up\nSELECT 1/0;\n');
  const bad = await check('--against', `migrations:${dir}`);
  expect(bad).toMatchObject({ code: 3, stderr: expect.stringContaining('20260103000000 fails') });
  writeFileSync(join(dir, '20260103000000_bad.sql'), '-- migrate:up\nCREATE ROLE nobody_makes_this;\n');
  const reaches = await check('--against', `migrations:${dir}`);
  expect(reaches).toMatchObject({ code: 3, stderr: expect.stringContaining('would reach the server') });
  expect(await leftovers()).toEqual([]);
});

test('no verdict: exit 3, whatever kept it from being made', async () => {
  const usage = await check();
  expect(usage).toMatchObject({ code: 3, stderr: expect.stringContaining('--against') });
  expect(
    await pgdeckHere(['schema', 'check', '--against', file], { ...env, PGHOST: '/nowhere' }),
  ).toMatchObject({
    code: 3,
  });
  const snapshot = readFileSync(file, 'utf8');
  const other = join(home, 'other.json');
  const bad: [string, string][] = [
    [snapshot.slice(0, 500), 'is not JSON'],
    [snapshot.replace('"formatVersion":1', '"formatVersion":2'), 'made by a newer pgdeck'],
    [snapshot.replace(/(\{"kind":"enum".*\}),\n/, '$1,\n$1,\n'), 'enum public.mood is told twice'],
    ['[]', 'is no snapshot of a schema'],
  ];
  for (const [content, told] of bad) {
    writeFileSync(other, content);
    const { code, report, stderr } = await json('--against', other);
    expect(report).toMatchObject({ status: 'error', issues: [] });
    expect(stderr).toContain(told);
    expect(code).toBe(3);
  }
  writeFileSync(other, `\ufeff${snapshot}`);
  expect((await check('--against', other)).code).toBe(0);
  expect((await check('--against', home)).code).toBe(3);
});

test('read-only mode compares with files, and makes nothing', async () => {
  expect((await pgdeckHere(['--read-only', 'schema', 'check', '--against', file], env)).code).toBe(0);
  for (const against of ['latest', list({ tables: { users: {} } })]) {
    const { code, stderr } = await pgdeckHere(['--read-only', 'schema', 'check', '--against', against], env);
    expect(code).toBe(3);
    expect(stderr).toContain('this is read-only mode');
  }
});

test('a snapshot is not written over by mistake, and its marks stay', async () => {
  const marked = join(home, 'marked.json');
  const text = readFileSync(file, 'utf8').replace(
    /("name":\["public","users","balance"\].*)\}(,?)$/m,
    '$1,"critical":true}$2',
  );
  writeFileSync(marked, text);
  const refused = await pgdeckHere(['schema', 'snapshot', '--out', marked], env);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already.') });
  expect(readFileSync(marked, 'utf8')).toBe(text);
  const written = await pgdeckHere(['schema', 'snapshot', '--out', marked, '--force'], env);
  expect(written).toMatchObject({ code: 0, stderr: expect.stringContaining('1 mark kept') });
  expect(readFileSync(marked, 'utf8').match(/"critical":true/g)).toHaveLength(1);
  await drifted(
    'ALTER TABLE users ALTER balance SET DEFAULT 1',
    'ALTER TABLE users ALTER balance SET DEFAULT 0',
    async () => {
      expect((await json('--against', marked)).report.issues).toMatchObject([
        { severity: 'critical', attribute: 'default' },
      ]);
    },
  );
});
