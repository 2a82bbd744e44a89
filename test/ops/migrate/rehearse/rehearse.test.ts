import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Rehearsed } from '../../../../src/ops/migrate/rehearse/result.ts';
import { rehearsalTable } from '../../../../src/ops/migrate/rehearse/sentences.ts';
import { takeSchemaSnapshot } from '../../../../src/ops/schema/snapshot.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { everything } from '../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';
import { until } from '../../../support/until.ts';
import { carryOut } from '../../engine/run/stage.ts';
import { migration, rehearsalPlan, rehearsed, shadowsOf, whole } from './stage.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await everything(session);
  await session.sql('SET search_path = app, public');
});
afterAll(() => db.drop());
// whatever became of it
afterEach(async () => {
  expect(await shadowsOf(db)).toEqual([]);
});

const FORGETFUL = [
  whole('01_column', ['ALTER TABLE orders ADD COLUMN note text'], ['SELECT 1']),
  whole(
    '02_index',
    ['DROP INDEX customers_lower', 'CREATE INDEX employees_name ON employees (name)'],
    ['DROP INDEX employees_name'],
  ),
  whole(
    '03_default',
    ['ALTER TABLE customers ALTER balance DROP DEFAULT, ALTER name SET DEFAULT $$?$$'],
    ['ALTER TABLE customers ALTER balance SET DEFAULT 1'],
  ),
  migration(
    '04_whole',
    ['CREATE TABLE notes (id int PRIMARY KEY)', 'CREATE INDEX CONCURRENTLY notes_by ON notes (id)'],
    ['DROP INDEX CONCURRENTLY notes_by', 'DROP TABLE notes'],
  ),
  migration('05_one_way', ['ALTER TABLE notes ADD COLUMN body text']),
  migration(
    '06_enum',
    ["ALTER TYPE mood ADD VALUE 'calm'", "UPDATE customers SET mood = 'calm'"],
    ['DELETE FROM customers'],
  ),
];

test('what each way down forgets is named: a column, an index, a default', async () => {
  const before = await takeSchemaSnapshot(session);
  const { end, result } = await rehearsed(db, home, { pending: FORGETFUL });
  expect(end.text).toBe('Work: done.');
  expect(result).toMatchObject({ ok: false, start: 'dump', unlike: [] });
  const told = result?.migrations.map(({ version, outcome, message }) => [version, outcome, message]);
  expect(told).toEqual([
    [
      '01_column',
      'forgets',
      // its partitions have it too
      expect.stringMatching(
        /^Its way down forgets something\. It leaves the column app\.orders\.note \(text\)\. .*orders_2026_rest\.note/,
      ),
    ],
    [
      '02_index',
      'forgets',
      'Its way down forgets something. It does not bring back the index app.customers.customers_lower ' +
        '(CREATE INDEX customers_lower ON app.customers USING btree (lower(name)) WHERE (balance > (0)::numeric)).',
    ],
    [
      '03_default',
      'forgets',
      'Its way down forgets something. It leaves the default of the column app.customers.balance at 1, which was 0. ' +
        "It leaves the column app.customers.name with default '?'::text.",
    ],
    ['04_whole', 'reversible', ''],
    ['05_one_way', 'no_down', 'It has no way down.'],
    [
      '06_enum',
      'forgets',
      'Its way down forgets something. It leaves the labels of the enum app.mood at sad, ok, 快乐, calm, which was sad, ok, 快乐.',
    ],
  ]);
  expect(result?.migrations[3]?.changes).toMatchObject([
    { kind: 'added', object: 'table', path: 'app.notes' },
  ]);
  if (result) expect(rehearsalTable(result).rows).toHaveLength(6);
  // the live one was looked at only
  expect(await takeSchemaSnapshot(session)).toEqual(before);
});

test('what fails is told in its own words, and what follows it is not tried', async () => {
  const { result } = await rehearsed(db, home, {
    pending: [
      migration('1', ['CREATE TABLE made (id int)'], ['DROP TABLE nothing']),
      // it meets what the first one makes
      migration('2', ['ALTER TABLE made ADD COLUMN x int'], ['ALTER TABLE made DROP COLUMN x']),
      migration('3', ['CREATE TABLE IF NOT EXISTS made (id int)', 'SELECT 1 / (SELECT count(*) FROM made)']),
      migration('4', ['SELECT 1']),
    ],
  });
  expect(result?.migrations.map(({ outcome, message }) => [outcome, message])).toEqual([
    ['down_failed', expect.stringMatching(/^Its way down fails: .*table "nothing" does not exist\.$/)],
    ['reversible', ''],
    ['up_failed', 'It cannot be applied: division by zero.'],
    ['not_tried', 'An earlier migration could not be applied.'],
  ]);
  expect(result?.ok).toBe(false);
});

test('one that cannot be applied again, or makes something else then', async () => {
  let times = 0;
  const { result } = await rehearsed(db, home, {
    pending: [
      migration('1', ['SELECT lo_create(4711)'], ['SELECT 1']),
      {
        version: '2',
        up: {
          transactional: false,
          run: async (s) => {
            await s.sql(`CREATE TABLE t${++times % 2 === 0 ? '_even' : ''} (id int)`);
          },
        },
        down: {
          transactional: false,
          run: async (s) => {
            await s.sql('DROP TABLE t');
          },
        },
      },
    ],
  });
  expect(result?.migrations.map(({ outcome }) => outcome)).toEqual(['not_repeatable', 'not_repeatable']);
  expect(result?.migrations[0]?.message).toMatch(
    /^After its way down it cannot be applied again: .*pg_largeobject/,
  );
  expect(result?.migrations[1]?.forgotten.map(({ kind, path }) => [kind, path])).toEqual([
    ['removed', 'app.t'],
    ['added', 'app.t_even'],
  ]);
});

test('a bad way down in one transaction costs no new database; one outside does, and all see what is before them', async () => {
  const shadows = new Set<unknown>();
  const seen = (one: Rehearsed): Rehearsed => ({
    ...one,
    up: {
      ...one.up,
      run: async (s) => {
        const [row] = await s.sql('SELECT oid FROM pg_database WHERE datname = current_database()');
        shadows.add(row?.oid);
        await one.up.run(s);
      },
    },
  });
  const counted = async (pending: readonly Rehearsed[]) => {
    shadows.clear();
    const { result, end } = await rehearsed(db, home, { pending: pending.map(seen) });
    expect(end.text).toBe('Work: done.');
    return { outcomes: result?.migrations.map(({ outcome }) => outcome), databases: shadows.size };
  };
  const bad = [
    whole('1', ['CREATE TABLE a (id int PRIMARY KEY)'], ['DROP TABLE nothing']),
    whole('2', ['CREATE TABLE b (id int REFERENCES a)', 'CREATE INDEX ON b (id)'], ['SELECT 1']),
    // what is deferred fails when it would be committed
    whole(
      '3',
      ['CREATE TABLE c (id int REFERENCES a DEFERRABLE INITIALLY DEFERRED)'],
      ['INSERT INTO c VALUES (7)'],
    ),
    // its rows stay
    whole('4', ['CREATE TABLE IF NOT EXISTS a (id int)', 'INSERT INTO a VALUES (1)'], ['SELECT 1']),
    // an application's role and settings are no longer those that look
    whole(
      '5',
      ['CREATE TABLE d (id int)'],
      ['DROP TABLE d', 'SET LOCAL ROLE pg_monitor', 'SET LOCAL search_path = pg_catalog'],
    ),
    whole('6', ["ALTER TYPE mood ADD VALUE 'calm'"], ['ALTER TABLE d ADD COLUMN x int']),
    whole(
      '7',
      ['CREATE TABLE e (m mood DEFAULT $$calm$$)', 'CREATE TEMP TABLE work (id int)'],
      ['DROP TABLE e'],
    ),
  ];
  expect(await counted(bad)).toEqual({
    outcomes: [
      ...['down_failed', 'forgets', 'down_failed', 'not_repeatable'],
      ...['reversible', 'forgets', 'reversible'],
    ],
    databases: 1,
  });
  const outside = migration('8', ['CREATE INDEX CONCURRENTLY e_m ON e (m)'], ['SELECT 1']);
  const last = whole('9', ['ALTER TABLE e ADD COLUMN n int'], ['ALTER TABLE e DROP COLUMN n']);
  expect(
    await counted([
      ...bad.slice(4, 5),
      ...bad.slice(6).map(({ version }) => whole(version, ['CREATE TABLE e (m mood)'], ['DROP TABLE e'])),
      outside,
      last,
    ]),
  ).toEqual({
    outcomes: ['reversible', 'reversible', 'forgets', 'reversible'],
    databases: 2,
  });
});

test('what one transaction for both ways forbids is tried in two', async () => {
  const { result } = await rehearsed(db, home, {
    pending: [
      whole(
        '1',
        ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'CREATE TABLE p (id int)'],
        ['DROP TABLE p'],
      ),
      whole('2', ['CREATE TABLE p (id int)'], ['DROP TABLE p']),
    ],
  });
  expect(result?.migrations.map(({ outcome, message }) => [outcome, message])).toEqual([
    ['reversible', ''],
    ['up_failed', expect.stringContaining('"p" already exists')],
  ]);
});

test("what a migration sets or leaves open is not the next one's, and does not hide what it does", async () => {
  const { result } = await rehearsed(db, home, {
    pending: [
      migration('1', ["SET search_path = ''", 'BEGIN', 'CREATE TABLE app.lost (id int)']),
      migration('2', ['CREATE TABLE found (id int)'], ['DROP TABLE found']),
    ],
  });
  expect(
    result?.migrations.map(({ outcome, changes }) => [outcome, changes.map(({ path }) => path)]),
  ).toEqual([
    ['no_down', []],
    ['reversible', ['app.found']],
  ]);
});

test('one session serves all, and of what one leaves in it the next one meets nothing', async () => {
  let sessions = 0;
  const { result } = await rehearsed(db, home, {
    connect: (database) => {
      sessions++;
      return connect({ ...db.target(), database }, 'workload', 'rehearsed');
    },
    pending: [
      migration(
        '1',
        [
          'CREATE TABLE kept (id int)',
          'CREATE TEMP TABLE passing (id int)',
          'PREPARE known AS SELECT 1',
          'SELECT pg_advisory_lock(4711)',
          'SET ROLE pg_monitor',
        ],
        ['DROP TABLE kept'],
      ),
      migration(
        '2',
        [
          'CREATE TEMP TABLE passing (id int)',
          'PREPARE known AS SELECT 1',
          `DO $$ BEGIN ASSERT current_user = session_user;
            ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()); END $$`,
        ],
        ['SELECT 1'],
      ),
      migration('3', ['CREATE TABLE t (id int)', 'SELECT pg_terminate_backend(pg_backend_pid())']),
    ],
  });
  expect(result?.migrations.map(({ outcome }) => outcome)).toEqual(['reversible', 'reversible', 'up_failed']);
  expect(sessions).toBe(1);
});

test('the rows of the history are there, and what a migration notes in it is no difference', async () => {
  await session.sql(`CREATE TABLE "the history" (id serial PRIMARY KEY, version text);
    INSERT INTO "the history" (version) VALUES ('1'), ('2')`);
  const pending = [
    migration(
      '3',
      [
        `INSERT INTO "the history" SELECT id + 100, '3' FROM "the history" WHERE version = '2'`,
        'CREATE TABLE t (id int)',
      ],
      [
        `DELETE FROM "the history" WHERE version = '3'`,
        'ALTER TABLE "the history" ADD COLUMN extra int',
        'DROP TABLE t',
      ],
    ),
    migration('4', [`DO $$ BEGIN ASSERT (SELECT count(*) = 3 FROM "the history"); END $$`]),
  ];
  // an added column would make the second try of up no other
  const history = [
    { schema: 'app', name: 'the history' },
    { schema: 'app', name: 'not there' },
  ];
  const { result } = await rehearsed(db, home, { pending, history });
  expect(result?.migrations.map(({ outcome, message }) => [outcome, message])).toEqual([
    ['reversible', ''],
    ['no_down', 'It has no way down.'],
  ]);
});

test('without pg_dump the history is replayed, if it can be', async () => {
  const programs = '/nowhere';
  const pending = [migration('2', ['ALTER TABLE app.orders ADD COLUMN n int'], ['SELECT 1'])];
  const applied = [migration('1', ['CREATE SCHEMA app', 'CREATE TABLE app.orders (id int)'])];
  const { result, events } = await rehearsed(db, home, { applied, pending }, { programs });
  expect(result?.start).toBe('replay');
  expect(result?.migrations[0]?.message).toContain('It leaves the column app.orders.n (integer).');
  // what was not made by the history is told
  expect(result?.unlike).toContainEqual(expect.objectContaining({ kind: 'removed', path: 'app.customers' }));
  expect(JSON.stringify(events)).toContain('The history is replayed: pg_dump, psql of PostgreSQL');
  const broken = [migration('1', ['SELECT 1 FROM app.orders'])];
  const { end } = await rehearsed(db, home, { applied: broken, pending }, { programs });
  expect(end.text).toContain('The history cannot be replayed: 1 failed in an empty database');
  const neither = await rehearsed(db, home, { applied: undefined, pending }, { programs });
  expect(neither.end.text).toContain('cannot be dumped: pg_dump, psql of PostgreSQL');
});

test('a role that may not create databases is told what it lacks; so is read-only mode', async () => {
  const role = await db.roleWith();
  const { end } = await rehearsed(db, home, {}, { role });
  expect(end.text).toContain(`and ${role} may not create one. Ask for: ALTER ROLE "${role}" CREATEDB`);
  const reading = await rehearsed(db, home, {}, { readOnly: true });
  expect(reading.end).toMatchObject({ status: 'refused' });
});

test("as the owner of the schema, without a superuser's rights", async () => {
  const role = await db.roleWith();
  const own = await testDatabase();
  try {
    await session.sql(
      `ALTER ROLE ${role} CREATEDB; GRANT CREATE, CONNECT ON DATABASE ${own.database} TO ${role}`,
    );
    const owner = await client(own.target(role), 'owner');
    await owner.sql(`CREATE SCHEMA mine CREATE TABLE t (id int PRIMARY KEY, name text DEFAULT 'x');
      GRANT SELECT ON mine.t TO pg_monitor`);
    const { result, end } = await rehearsed(
      own,
      home,
      {
        pending: [
          migration(
            '1',
            ['ALTER TABLE mine.t DROP COLUMN name'],
            ['ALTER TABLE mine.t ADD COLUMN name text'],
          ),
        ],
      },
      { role },
    );
    expect(end.text).toBe('Work: done.');
    expect(result?.unlike).toMatchObject([{ kind: 'removed', path: 'pg_stat_statements' }]);
    expect(result?.migrations[0]?.message).toContain(
      "It does not bring back the default of the column mine.t.name: 'x'::text.",
    );
  } finally {
    await own.drop();
  }
});

test('cancelled in the middle of a statement it leaves nothing', async () => {
  const abort = new AbortController();
  // other files sleep on this server, too; the shadow has a name of its own
  const sleep = `SELECT pg_sleep(600) /* ${db.database} */`;
  const pending = [migration('1', ['CREATE TABLE t (id int)', sleep], ['DROP TABLE t'])];
  const { plan, context } = rehearsalPlan(db, home, { pending });
  const running = carryOut(plan, context, { signal: abort.signal });
  await until(
    async () => (await session.sql('SELECT FROM pg_stat_activity WHERE query = $1', [sleep])).length > 0,
    { what: 'the migration at work', timeout: 20_000 },
  );
  abort.abort();
  expect((await running).end).toMatchObject({ status: 'cancelled' });
});
