import { expect, test } from 'vitest';
import { contextIn } from '../../restore/stage.ts';
import { concerns, done, planned, takenBack } from '../../role/stage.ts';
import { destination, sqliteFile } from '../stage.ts';

const { home, sql, target, here, report } = destination();
const into = (file: string, more: Record<string, unknown> = {}) => ({
  ...{ file, into_existing: true, no_safety_backup: true, report: report() },
  ...more,
});
const bring = (text: string, more?: Record<string, unknown>) =>
  done('import sqlite', into(sqliteFile(text), more), here());
const said = async (text: string, more?: Record<string, unknown>) =>
  concerns(await planned('import sqlite', into(sqliteFile(text), more), here()));

const SOURCE = `CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('old');
  CREATE TABLE "Users" (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, joined TIMESTAMP, score REAL, day DATETIME, boss INT REFERENCES "Users");
  CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INT REFERENCES "Users", body TEXT, meta TEXT, code TEXT);
  INSERT INTO "Users" VALUES (1, 'a', 'admin', 1700000000123, 0.333333333333333, '2024-01-31', 2), (2, 'b', 'guest', '2024-01-01 10:00', 1, NULL, NULL);
  INSERT INTO posts VALUES (5, 1, 'x', '{"b": 1, "a": [1.0]}', 'ab'), (6, 2, 'y', NULL, NULL); DELETE FROM posts WHERE id = 6;`;
const DESTINATION = `CREATE TYPE kind AS ENUM ('guest', 'admin'); CREATE DOMAIN short AS varchar(3);
  CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('new');
  CREATE TABLE posts (extra int NOT NULL DEFAULT 7, code char(4), meta json, body text, id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id int, size int GENERATED ALWAYS AS (length(body)) STORED);
  CREATE TABLE users (joined timestamp(3), id serial PRIMARY KEY, kind kind, name short, score real, day date, boss int REFERENCES users,
    changed timestamptz);
  ALTER TABLE posts ADD FOREIGN KEY (user_id) REFERENCES users;
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'trg'; RETURN NEW; END $$;
  CREATE TRIGGER stamped BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE TRIGGER off BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION stamp(); ALTER TABLE users DISABLE TRIGGER off;
  ALTER TABLE users ENABLE ALWAYS TRIGGER stamped;`;

test("rows go by the names of columns into tables of other types, and the migrations' history stays", async () => {
  await sql(DESTINATION);
  const { plan, end } = await bring(SOURCE);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(concerns(plan)).toEqual([expect.stringMatching(/^warn users: stamped does not fire/)]);
  expect(plan.facts.find(({ label }) => label === 'Left alone')?.value).toBe('alembic_version');
  expect(
    await sql('SELECT id, name, kind, joined::text, score::text, day::text, boss FROM users ORDER BY id'),
  ).toEqual([
    {
      id: 1,
      name: 'a',
      kind: 'admin',
      joined: '2023-11-14 22:13:20.123',
      score: '0.33333334',
      day: '2024-01-31',
      boss: 2,
    },
    { id: 2, name: 'b', kind: 'guest', joined: '2024-01-01 10:00:00', score: '1', day: null, boss: null },
  ]);
  expect(await sql('SELECT extra, code, meta::text, body, id, user_id, size FROM posts')).toEqual([
    { extra: 7, code: 'ab  ', meta: '{"b": 1, "a": [1.0]}', body: 'x', id: 5, user_id: 1, size: 1 },
  ]);
  expect(await sql('SELECT version_num FROM alembic_version')).toEqual([{ version_num: 'new' }]);
  expect(
    await sql("SELECT tgname, tgenabled FROM pg_trigger WHERE tgname IN ('stamped', 'off') ORDER BY 1"),
  ).toEqual([
    { tgname: 'off', tgenabled: 'D' },
    { tgname: 'stamped', tgenabled: 'A' },
  ]);
  // behind what SQLite had given, and behind what is there
  expect(await sql("INSERT INTO posts (body) VALUES ('z') RETURNING id")).toEqual([{ id: 7 }]);
  expect(await sql("INSERT INTO users (kind) VALUES ('guest') RETURNING id")).toEqual([{ id: 3 }]);
  const back = await takenBack(end.run, here());
  expect(back.end, back.end.text).toMatchObject({ ok: true });
  expect(await sql('SELECT FROM users UNION ALL SELECT FROM posts')).toEqual([]);
  expect(await sql("INSERT INTO users (kind) VALUES ('guest') RETURNING id")).toEqual([{ id: 1 }]);
});

test('a trigger that changes what comes is found out, and nothing is there', async () => {
  await sql(DESTINATION);
  const { end } = await bring(SOURCE, { triggers: true });
  expect(end).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/does not hold what was sent: name/),
  });
  expect(await sql('SELECT FROM users')).toEqual([]);
});

test('values of jsonb that have changed places are found out, although each is there', async () => {
  await sql(`CREATE TABLE t (id int, doc jsonb);
    CREATE FUNCTION swap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.doc := jsonb_build_object('n', 3 - NEW.id); RETURN NEW; END $$;
    CREATE TRIGGER swapped BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION swap()`);
  const source = `CREATE TABLE t (id INT, doc TEXT); INSERT INTO t VALUES (1, '{"n":1}'), (2, '{"n":2}')`;
  const { end } = await bring(source, { triggers: true });
  expect(end).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(/t does not hold what was sent: rows/),
  });
  expect(await sql('SELECT FROM t')).toEqual([]);
});

test('rows that refer to nothing are left out where they are to be, and refused where not', async () => {
  await sql(`CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)`);
  const source = `CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a);
    INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1), (2, 9)`;
  expect(await said(source)).toContainEqual(
    expect.stringMatching(
      /^warn b: 1 of its rows refers to nothing in a \(rowid 2\): where public has that key, it refuses all of it/,
    ),
  );
  const { end, lines } = await bring(source, { reject: true });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(lines.filter((line) => line.startsWith('What had no place: '))).toHaveLength(1);
  expect(await sql('SELECT id, a FROM b')).toEqual([{ id: 1, a: 1 }]);
});

test('keys that go round in a circle are left off until all rows are there', async () => {
  await sql(`CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
    ALTER TABLE a ADD CONSTRAINT a_to_b FOREIGN KEY (b) REFERENCES b ON DELETE SET NULL`);
  const before = await sql('SELECT conname, pg_get_constraintdef(oid) AS d FROM pg_constraint ORDER BY 1');
  const { end } = await bring(
    'CREATE TABLE a (id, b); CREATE TABLE b (id, a); INSERT INTO a VALUES (1, 2); INSERT INTO b VALUES (2, 1)',
  );
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await sql('SELECT conname, pg_get_constraintdef(oid) AS d FROM pg_constraint ORDER BY 1')).toEqual(
    before,
  );
  const { end: broken } = await bring('CREATE TABLE c (a)', {});
  expect(broken.status).toBe('refused');
});

test.each([
  ['no such table', 'CREATE TABLE nowhere (a)', '', /^block nowhere: public has no table of this name/],
  ['no such column', 'CREATE TABLE t (a, z)', '', /^block t\.z: t has no column of this name/],
  ['a column that wants a value', 'CREATE TABLE t (b)', '', /^block t: a wants a value/],
  [
    'a NULL where none may be',
    'CREATE TABLE t (a); INSERT INTO t VALUES (1), (NULL)',
    '',
    /^block t\.a: 1 of its values are or become NULL/,
  ],
  ['rows', 'CREATE TABLE t (a)', 'INSERT INTO t VALUES (1)', /^block t: There are rows in it already/],
  [
    'values',
    'CREATE TABLE t (a); INSERT INTO t VALUES (99999999999)',
    '',
    /^block Values: 1 value has no place.*: t\.a\. Leave the rows out \(--reject\), make NULL of the values \(--null\)\./,
  ],
])('what stands in the way is told before: %s', async (_, source, more, expected) => {
  await sql(`CREATE TABLE t (a int NOT NULL, b text); ${more}`);
  expect(await said(source)).toEqual([expect.stringMatching(expected)]);
});

test("a type that is not known here is the server's to read, and that is told", async () => {
  await sql('CREATE TABLE t (a inet, b interval, c int[])');
  const text =
    "CREATE TABLE t (a, b, c); INSERT INTO t VALUES ('10.0.0.1', '1 hour', '{1, 2}'), (NULL, NULL, NULL)";
  expect(await said(text)).toEqual([
    expect.stringMatching(/^warn t: a \(inet\), b \(interval\), c \(integer\[\]\): the server reads it/),
  ]);
  const { end } = await bring(text);
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await sql('SELECT a::text, b::text, c::text FROM t WHERE a IS NOT NULL')).toEqual([
    { a: '10.0.0.1/32', b: '01:00:00', c: '{1,2}' },
  ]);
  await sql('TRUNCATE t');
  const { end: refused } = await bring(
    "CREATE TABLE t (a); INSERT INTO t VALUES ('10.0.0.1'), ('somewhere')",
  );
  expect(refused).toMatchObject({
    status: 'failed',
    text: expect.stringMatching(
      /t, row 2 of those that were sent: invalid input syntax for type inet: "somewhere"/,
    ),
  });
  expect(await sql('SELECT FROM t')).toEqual([]);
});

test('row security that holds for the role is refused', async () => {
  await sql(`CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
    DROP ROLE IF EXISTS ${target().database}_app; CREATE ROLE ${target().database}_app LOGIN; GRANT ALL ON t TO ${target().database}_app; GRANT ALL ON SCHEMA public TO ${target().database}_app`);
  const context = contextIn({ ...target(), user: `${target().database}_app` }, home);
  const plan = await planned('import sqlite', into(sqliteFile('CREATE TABLE t (a)')), context);
  expect(concerns(plan)).toEqual([expect.stringMatching(/^block t: Its row security holds for/)]);
  await context.close();
  await sql(`DROP OWNED BY ${target().database}_app; DROP ROLE ${target().database}_app`);
});
