import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/client.ts';
import {
  contextIn,
  directoryOf,
  done,
  planned,
  statesOf,
  statusOf,
  ways,
} from '../../../../ops/migrate/run/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let database: TestDatabase;
let admin: Session;

beforeAll(async () => {
  database = await testDatabase();
  admin = await client(database.target(), 'an old transaction');
});
afterAll(() => database.drop());
afterEach(async () => {
  await admin.sql('ROLLBACK');
  await admin.sql('DROP SCHEMA public CASCADE');
  await admin.sql('CREATE SCHEMA public');
});

const THREE = ways(
  'CREATE INDEX CONCURRENTLY users_id ON users (id);\nCREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email);\nCREATE INDEX CONCURRENTLY users_note ON users (note);',
  'DROP INDEX CONCURRENTLY users_note;\nDROP INDEX CONCURRENTLY users_email;\nDROP INDEX CONCURRENTLY users_id;',
);

async function users(): Promise<void> {
  await admin.sql('CREATE TABLE users (id int, email text, note text)');
  await admin.sql("INSERT INTO users SELECT n, 'same@example.com' FROM generate_series(1, 2) n");
}

const invalid = async () =>
  (await admin.sql('SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid')).map(
    ({ name }) => name,
  );
const indexes = async () =>
  (
    await admin.sql("SELECT indexname::text AS name FROM pg_indexes WHERE tablename = 'users' ORDER BY 1")
  ).map(({ name }) => name);

test('an index that cannot be unique: INVALID, named, and mended once the rows are', async () => {
  await users();
  const dir = directoryOf(home, 'fails', { '1_indexes': THREE });
  const context = contextIn(database, home);
  const { end } = await done(context, 'up', { dir });
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  expect(end.text).toMatch(/1_indexes\.sql:3: could not create unique index "users_email" \(23505\)/);
  expect(end.text).toMatch(
    /1 of 3 statements took effect, the index users_email is INVALID\. Fix the cause, then: pgdeck -h \S+ -p \d+ -U postgres -d \w+ migrate repair 1 --dir \S+\n/,
  );
  expect(end.state).toBe('1 is begun and not finished.');
  expect(await invalid()).toEqual(['users_email']);
  expect(await statesOf(context, dir)).toEqual({ dirty: 1 });
  await expect(planned(context, 'up', { dir })).rejects.toThrow(/was begun going up and not finished/);
  await expect(planned(context, 'down', { dir })).rejects.toThrow(/not finished/);

  const plan = await planned(context, 'repair', { dir });
  expect(plan.tables?.[0]?.rows).toEqual([
    ['1', 'CREATE INDEX CONCURRENTLY users_id ON users (id)', 'took effect'],
    ['2', expect.stringContaining('users_email'), 'left the INVALID index users_email'],
    ['3', expect.stringContaining('users_note'), 'not yet, or can be repeated'],
  ]);
  // the rows are as they were: it fails in the same way, and is as mendable as before
  expect((await done(context, 'repair', { dir })).end).toMatchObject({
    ok: false,
    text: expect.stringMatching(
      /\(23505\)\..* Fix the cause, then: pgdeck .* migrate repair 1 --dir \S+\nWhat was done of it stays\.$/,
    ),
  });
  expect(await invalid()).toEqual(['users_email']);
  await admin.sql('UPDATE users SET email = id::text');
  const mended = await done(context, 'repair', { dir });
  expect(mended.end, mended.end.text).toMatchObject({ ok: true });
  expect(await invalid()).toEqual([]);
  expect(await indexes()).toEqual(['users_email', 'users_id', 'users_note']);
  expect(await statesOf(context, dir)).toEqual({ applied: 1 });
  const down = { dir, no_backup: true };
  const back = await done(context, 'down', down);
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await indexes()).toEqual([]);
});

test('an index whose making is cancelled: what is there is rolled back', async () => {
  await users();
  await admin.sql('UPDATE users SET email = id::text');
  const dir = directoryOf(home, 'cancelled', { '1_indexes': THREE });
  const context = contextIn(database, home);
  await admin.sql('BEGIN');
  await admin.sql('UPDATE users SET note = note WHERE id = 1');
  const abort = new AbortController();
  const told = Promise.withResolvers<string>();
  const running = done(
    context,
    'up',
    { dir },
    {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === 'line' && event.text.startsWith('Waits for')) told.resolve(event.text);
      },
    },
  );
  const looking = await client(database.target());
  await until(
    async () =>
      (
        await looking.sql(
          "SELECT FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%' AND datname = current_database()",
        )
      ).length > 0 && (await invalid()).length > 0,
    { what: 'the index that waits for the old transaction', timeout: 20_000 },
  );
  expect(await told.promise).toMatch(/session \d+ \(postgres, an old transaction/);
  abort.abort();
  const { end, lines } = await running;
  expect(end).toMatchObject({ status: 'cancelled' });
  expect(end.text).toMatch(
    /0 of 3 statements took effect, the index users_id is INVALID\. Repair it with: pgdeck .* repair 1 /,
  );
  expect(lines.join()).not.toMatch(/A lock is held/);
  await admin.sql('ROLLBACK');
  const back = await done(context, 'repair', { dir, action: 'back' });
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await indexes()).toEqual([]);
  expect(await statesOf(context, dir)).toEqual({ pending: 1 });
  expect((await done(context, 'up', { dir })).end).toMatchObject({ ok: true });
  expect(await indexes()).toHaveLength(3);
});

test('half of a migration is rolled back by its way down, as far as there is something to roll back', async () => {
  await users();
  const dir = directoryOf(home, 'half', { '1_indexes': THREE });
  const context = contextIn(database, home);
  expect((await done(context, 'up', { dir })).end).toMatchObject({ ok: false });
  const plan = await planned(context, 'repair', { dir, action: 'back' });
  expect(plan).toMatchObject({ danger: 'type-name', subject: database.database });
  const { end, lines } = await done(context, 'repair', { dir, action: 'back' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(lines.join('\n')).toMatch(/users_note: nothing to do/);
  expect(await indexes()).toEqual([]);
  expect(await statesOf(context, dir)).toEqual({ pending: 1 });
});

test('marked as applied, or not, nothing else is changed', async () => {
  await users();
  const dir = directoryOf(home, 'marked', { '1_indexes': THREE });
  const context = contextIn(database, home);
  expect((await done(context, 'up', { dir })).end).toMatchObject({ ok: false });
  const pending = await done(context, 'repair', { dir, action: 'pending' });
  expect(pending.end, pending.end.text).toMatchObject({ ok: true });
  expect(await statesOf(context, dir)).toEqual({ pending: 1 });
  // the index is an entry by itself now
  expect(pending.lines.at(-1)).toMatch(/^The next: The index users_email is INVALID/);
  const verified = await done(context, 'verify', { dir });
  expect(verified.end.text).toMatch(/The index users_email on users is INVALID/);
  const dropped = await done(context, 'repair', { dir, entry: 'users_email' });
  expect(dropped.end, dropped.end.text).toMatchObject({ ok: true });
  expect(await indexes()).toEqual(['users_id']);
  expect(await statusOf(context, dir)).toMatchObject({ problems: [] });
});

test('what the catalog cannot say is asked for, statement by statement', async () => {
  const dir = directoryOf(home, 'unknown', {
    '1_do': ways(
      'CREATE TABLE t (n int);\nDO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; PERFORM 1 / 0; END $$;\nINSERT INTO t VALUES (3);',
    ),
  });
  const context = contextIn(database, home);
  expect((await done(context, 'up', { dir })).end.text).toMatch(/1_do\.sql:3: division by zero/);
  const plan = await planned(context, 'repair', { dir });
  expect(plan.checks.at(-1)).toMatchObject({
    status: 'block',
    detail: expect.stringMatching(/--from 2, or from the next with --from 3/),
  });
  const { end } = await done(context, 'repair', { dir, from: 3 });
  expect(end, end.text).toMatchObject({ ok: true });
  expect((await admin.sql('SELECT n FROM t ORDER BY n')).map(({ n }) => n)).toEqual([1, 3]);
  expect(await statesOf(context, dir)).toEqual({ applied: 1 });
});

test('a constraint that is not validated yet is told, and is no failure', async () => {
  await users();
  const dir = directoryOf(home, 'unvalidated', {
    '1_check': ways('ALTER TABLE users ADD CONSTRAINT short CHECK (length(note) < 9) NOT VALID;'),
  });
  const { end, lines } = await done(contextIn(database, home), 'up', { dir });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(lines.join('\n')).toMatch(/ALTER TABLE (public\.)?users VALIDATE CONSTRAINT short/);
});
