import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/client.ts';
import { contextIn, directoryOf, done, planned, statesOf, ways } from '../../../../ops/migrate/run/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let database: TestDatabase;
let other: Session;

beforeAll(async () => {
  database = await testDatabase();
  other = await client(database.target(), 'the other application');
});
afterAll(() => database.drop());
beforeEach(async () => {
  await other.sql('ROLLBACK');
  await other.sql('DROP TABLE IF EXISTS schema_migrations, pgdeck_migrations, t, gate CASCADE');
});

/** Goes on when there is a row in the table `gate`. */
const GATE = `DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;`;

test('two at once: one runs, the other names it, waits, and finds nothing to do', async () => {
  await other.sql('CREATE TABLE gate ()');
  const dir = directoryOf(home, 'two', {
    '1_first': ways(`${GATE}\nCREATE TABLE t (id int);`, 'DROP TABLE t;'),
    '2_second': ways('ALTER TABLE t ADD COLUMN note text;', 'ALTER TABLE t DROP COLUMN note;'),
  });
  const [first, second] = [contextIn(database, home), contextIn(database, home)];
  const begun = Promise.withResolvers<void>();
  const running = done(
    first,
    'up',
    { dir },
    {
      onEvent: (event) => {
        if (event.type === 'start' && event.id === 'up:1') begun.resolve();
      },
    },
  );
  await begun.promise;
  const plan = await planned(second, 'up', { dir });
  expect(plan.steps.filter(({ id }) => id.startsWith('up:'))).toHaveLength(2);
  const waiting = done(
    second,
    'up',
    { dir, wait: 30 },
    {
      onEvent: (event) => {
        // once it is known who is at work, that one may go on
        if (event.type === 'line' && event.text.includes('Another migration run'))
          void other.sql('INSERT INTO gate DEFAULT VALUES');
      },
    },
  );
  const [one, two] = await Promise.all([running, waiting]);
  expect(one.end, one.end.text).toMatchObject({ ok: true });
  expect(two.end, two.end.text).toMatchObject({ ok: true, undo: null });
  expect(two.lines[0]).toMatch(
    /^Another migration run is active: session \d+ \(postgres (from [\d.]+|over a socket), pgdeck:\d{8}T\d{6}-\w+, since 20\d\d-.*Z, for .*s\)\. Waiting (30|29)s for it\.$/,
  );
  expect(two.lines[1]).toMatch(/nothing left to do/);
  expect(await statesOf(first, dir)).toEqual({ applied: 2 });
});

test('what another run is in the middle of is waited for, and is not to be mended', async () => {
  await other.sql('CREATE TABLE gate ()');
  const dir = directoryOf(home, 'middle', {
    '1_middle': ways(`CREATE TABLE t (id int);\n${GATE}\nCREATE INDEX CONCURRENTLY t_id ON t (id);`),
  });
  const [first, second] = [contextIn(database, home), contextIn(database, home)];
  const running = done(first, 'up', { dir });
  await until(async () => (await statesOf(second, dir)).dirty === 1, { what: 'the mark of the first' });
  await expect(planned(second, 'up', { dir, wait: 0 })).rejects.toThrow(
    /Another migration run is active: session \d+ .*in the middle of a migration/,
  );
  const repair = await planned(second, 'repair', { dir });
  expect(repair.checks).toContainEqual(expect.objectContaining({ title: 'At work', status: 'block' }));
  const planning = planned(second, 'up', { dir, wait: 30 });
  await other.sql('INSERT INTO gate DEFAULT VALUES');
  expect((await planning).steps).toEqual([]);
  expect((await running).end).toMatchObject({ ok: true });
});

test('the other gives up in the time that was set, and says who it was', async () => {
  await other.sql('CREATE TABLE gate ()');
  const dir = directoryOf(home, 'gives-up', { '1_first': ways(GATE) });
  const [first, second] = [contextIn(database, home), contextIn(database, home)];
  const begun = Promise.withResolvers<void>();
  const running = done(
    first,
    'up',
    { dir },
    {
      onEvent: (event) => {
        if (event.type === 'start' && event.id === 'up:1') begun.resolve();
      },
    },
  );
  await begun.promise;
  const { end } = await done(second, 'up', { dir, wait: 0.3 });
  expect(end).toMatchObject({ ok: false });
  expect(end.text).toMatch(
    /holds the lock: session \d+ \(postgres .*waited 0\.3s for it\. Nothing was done\./,
  );
  await other.sql('INSERT INTO gate DEFAULT VALUES');
  expect((await running).end).toMatchObject({ ok: true });
});

test('what has changed while it waited is refused', async () => {
  const dir = directoryOf(home, 'changed', { '1_first': ways('CREATE TABLE t (id int);', 'DROP TABLE t;') });
  const context = contextIn(database, home);
  const plan = await planned(context, 'up', { dir });
  directoryOf(home, 'changed', { '2_second': ways('SELECT 1;') });
  const { carryOut } = await import('../../../../ops/engine/run/stage.ts');
  const { end } = await carryOut(plan, context);
  expect(end.text).toMatch(/changed since this was planned\. Nothing was done\. Plan it again/);
  expect(await statesOf(context, dir)).toEqual({ pending: 2 });
});

test('a lock of a table is tried for again, and the one that holds it is named; readers get through meanwhile', async () => {
  await other.sql('CREATE TABLE t (id int)');
  const dir = directoryOf(home, 'retry', { '1_first': ways('ALTER TABLE t ADD COLUMN note text;') });
  const context = contextIn(database, home);
  await other.sql('BEGIN');
  await other.sql('SELECT FROM t');
  const reader = await client(database.target(), 'reader');
  let longest = 0;
  const stop = new AbortController();
  const reading = (async () => {
    while (!stop.signal.aborted) {
      const began = performance.now();
      await reader.sql('SELECT FROM t');
      longest = Math.max(longest, performance.now() - began);
      await delay(5);
    }
  })();
  const attempts: string[] = [];
  const { end } = await done(
    context,
    'up',
    { dir, lock_timeout: 0.2 },
    {
      onEvent: (event) => {
        if (event.type !== 'line' || !event.text.includes('A lock is held')) return;
        attempts.push(event.text);
        if (attempts.length === 2) void other.sql('COMMIT');
      },
    },
  );
  stop.abort();
  await reading;
  expect(end, end.text).toMatchObject({ ok: true });
  expect(attempts[0]).toMatch(/held by session \d+ \(postgres, the other application, idle in transaction/);
  expect(longest).toBeLessThan(1_500);
  expect(longest).toBeGreaterThan(50);
});

test('a lock that is not let go: given up in time, nothing applied', async () => {
  await other.sql('CREATE TABLE t (id int)');
  const dir = directoryOf(home, 'no-lock', {
    '1_first': ways('SELECT 1;\nALTER TABLE t ADD COLUMN note text;'),
  });
  const context = contextIn(database, home);
  await other.sql('BEGIN');
  await other.sql('SELECT FROM t');
  const { end } = await done(context, 'up', { dir, lock_timeout: 0.1, wait: 0.5 });
  expect(end.text).toMatch(
    /1_first\.sql:3: canceling statement due to lock timeout \(55P03\): locked, by session \d+ .*, in \d+ attempts\. To end it: pgdeck terminate \d+\. Or try longer with --wait/,
  );
  expect(await statesOf(context, dir)).toEqual({ pending: 1 });
});

test('a killed connection of the run is not taken for done', async () => {
  await other.sql('CREATE TABLE gate ()');
  const dir = directoryOf(home, 'lost', { '1_first': ways(`CREATE TABLE t (id int);\n${GATE}`) });
  const context = contextIn(database, home);
  const running = done(context, 'up', { dir });
  await until(
    async () =>
      (
        await other.sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO %gate%' AND pid <> pg_backend_pid() AND datname = current_database()",
        )
      ).length > 0,
    { what: 'the migration at its gate' },
  );
  const { end } = await running;
  expect(end).toMatchObject({ ok: false });
  expect(await statesOf(context, dir)).toEqual({ pending: 1 });
});
