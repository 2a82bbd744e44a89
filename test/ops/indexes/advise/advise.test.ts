import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { candidatesOf } from '../../../../src/ops/indexes/advise/advise.ts';
import { candidateName } from '../../../../src/ops/indexes/advise/candidates.ts';
import { loadParser } from '../../../../src/ops/sql/parser.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';

let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  for (const sql of [
    'CREATE TABLE people (id int PRIMARY KEY, email text, city text, born date, active boolean, deleted timestamptz)',
    "INSERT INTO people SELECT i, 'p' || i || '@x', 'c' || i % 40, '1950-01-01'::date + i, i % 2 = 0 FROM generate_series(1, 20000) i",
    'CREATE TABLE orders (id int PRIMARY KEY, person int, state text, at timestamptz, total numeric)',
    "INSERT INTO orders SELECT i, i % 5000, 's' || i % 4, now() - i * interval '1 minute', i FROM generate_series(1, 40000) i",
    'CREATE TABLE "Odd T" ("Id.x" int, "sel""ect" int)',
    'INSERT INTO "Odd T" SELECT i, i FROM generate_series(1, 5000) i',
    'CREATE TABLE tiny (id int, person int)',
    'INSERT INTO tiny SELECT i, i FROM generate_series(1, 100) i',
    'CREATE SCHEMA other',
    'CREATE TABLE other.people (id int, email text)',
    'INSERT INTO other.people SELECT i, i::text FROM generate_series(1, 5000) i',
    'CREATE VIEW grown AS SELECT * FROM people WHERE born < now()',
    'CREATE TABLE parts (id int, k int) PARTITION BY RANGE (id)',
    'CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100000)',
    'INSERT INTO parts SELECT i, i FROM generate_series(1, 5000) i',
    'ANALYZE',
  ])
    await session.sql(sql);
});
afterAll(() => db.drop());

/** What a statement lacks. */
async function lacks(text: string, path: readonly string[] = ['public']): Promise<string[]> {
  const asker = { queryid: '1', text, calls: 1, total_ms: 1, path };
  const { candidates } = await candidatesOf(session, await loadParser(), [asker]);
  return candidates.map(candidateName).sort();
}

test.each([
  ['SELECT * FROM people WHERE email = $1', 'public.people ("email")'],
  ['SELECT * FROM people p WHERE p.email = $1', 'public.people ("email")'],
  ['SELECT * FROM public.people WHERE public.people.email = $1', 'public.people ("email")'],
  ['SELECT * FROM people WHERE $1 = email', 'public.people ("email")'],
  ['SELECT * FROM people WHERE email IN ($1, $2)', 'public.people ("email")'],
  ['SELECT * FROM people WHERE email = ANY ($1)', 'public.people ("email")'],
  ['SELECT * FROM people WHERE email = $1 OR email = $2', 'public.people ("email")'],
  ['SELECT * FROM people WHERE lower(email) = $1', 'public.people (lower("email"))'],
  ['SELECT * FROM people WHERE born BETWEEN $1 AND $2', 'public.people ("born")'],
  ['SELECT * FROM people WHERE born > $1 AND city = $2', 'public.people ("city", "born")'],
  ["SELECT * FROM people WHERE email LIKE 'ab%'", 'public.people ("email" text_pattern_ops)'],
  ['SELECT * FROM people ORDER BY born DESC LIMIT $1', 'public.people ("born")'],
  ['SELECT * FROM people WHERE city = $1 ORDER BY born DESC LIMIT $2', 'public.people ("city", "born")'],
  [
    'SELECT * FROM people WHERE city = $1 ORDER BY born DESC, email LIMIT $2',
    'public.people ("city", "born" DESC, "email")',
  ],
  // so many rows that the next column makes none less
  ['SELECT * FROM people WHERE email = $1 AND city = $2', 'public.people ("email")'],
  ['UPDATE people SET city = $1 WHERE email = $2', 'public.people ("email")'],
  ['DELETE FROM people WHERE email = $1', 'public.people ("email")'],
  ['INSERT INTO tiny SELECT id FROM people WHERE email = $1', 'public.people ("email")'],
  ['SELECT * FROM (SELECT * FROM people WHERE email = $1) x', 'public.people ("email")'],
  ['SELECT 1 UNION ALL SELECT id FROM people WHERE email = $1', 'public.people ("email")'],
  ['WITH x AS (SELECT id FROM people WHERE email = $1) SELECT * FROM x', 'public.people ("email")'],
  [
    'WITH x AS (UPDATE people SET city = $2 WHERE email = $1 RETURNING id) SELECT * FROM x',
    'public.people ("email")',
  ],
  ['SELECT * FROM people p JOIN orders o ON o.person = p.id WHERE p.id = $1', 'public.orders ("person")'],
  ['SELECT * FROM people p, orders o WHERE o.person = p.id AND p.id = $1', 'public.orders ("person")'],
  [
    'SELECT * FROM people p WHERE EXISTS (SELECT FROM orders o WHERE o.person = p.id)',
    'public.orders ("person")',
  ],
  ['SELECT (SELECT count(*) FROM orders o WHERE o.person = p.id) FROM people p', 'public.orders ("person")'],
  ['SELECT * FROM orders WHERE person IN (SELECT id FROM tiny)', 'public.orders ("person")'],
  ['SELECT * FROM orders WHERE (person, state) = ($1, $2)', 'public.orders ("person")'],
  ['SELECT * FROM "Odd T" WHERE "Id.x" = $1', 'public."Odd T" ("Id.x")'],
  ['SELECT * FROM "Odd T" "a b" WHERE "a b"."sel""ect" = $1', 'public."Odd T" ("sel""ect")'],
  ['SELECT * FROM parts WHERE k = $1', 'public.parts ("k")'],
])('%s', async (text, ...wanted) => {
  expect(await lacks(text)).toEqual(wanted);
});

test.each([
  ['the primary key finds it', 'SELECT * FROM people WHERE id = $1 AND city = $2'],
  ['small', 'SELECT * FROM tiny WHERE person = $1'],
  ['hidden by a CTE', 'WITH people AS (SELECT 1 AS email) SELECT * FROM people WHERE email = $1'],
  ['a view', 'SELECT * FROM grown WHERE email = $1'],
  ['not there', 'SELECT * FROM nobody WHERE email = $1'],
  ['no such column', 'SELECT * FROM people WHERE emial = $1'],
  ['in two tables', 'SELECT * FROM people a, people b WHERE email = $1'],
  ['perhaps of the subquery', 'SELECT * FROM people, (SELECT 1 AS x) y WHERE email = $1'],
  ['different columns', 'SELECT * FROM people WHERE email = $1 OR city = $2'],
  ['the same row', 'SELECT * FROM people WHERE email = city'],
  ['a text that nobody knows', 'SELECT * FROM people WHERE email LIKE $1'],
  ['a cast', 'SELECT * FROM orders WHERE at::date = $1'],
  ['not immutable', 'SELECT * FROM people WHERE now() = $1'],
  ['a parameter inside', 'SELECT * FROM orders WHERE date_trunc($1, at) = $2'],
  ['negated', 'SELECT * FROM people WHERE NOT (email = $1)'],
  ['unequal', 'SELECT * FROM people WHERE email <> $1'],
  ['groups', 'SELECT born, count(*) FROM people GROUP BY born ORDER BY born LIMIT 5'],
  ['all rows', 'SELECT * FROM people ORDER BY born'],
  ['no query', 'SET work_mem = 1'],
])('nothing is advised: %s', async (_, text) => {
  expect(await lacks(text)).toEqual([]);
});

test('names are found along the search_path of who runs it', async () => {
  const text = 'SELECT * FROM people WHERE email = $1';
  expect(await lacks(text, ['other', 'public'])).toEqual(['other.people ("email")']);
  expect(await lacks(text, ['nowhere'])).toEqual([]);
  const asker = { queryid: '1', text, calls: 1, total_ms: 1, path: ['nowhere'] };
  expect((await candidatesOf(session, await loadParser(), [asker])).unresolved).toEqual(['people']);
});

test('what few values stand for is said to be so', async () => {
  const asker = {
    queryid: '1',
    text: 'SELECT * FROM orders WHERE state = $1',
    calls: 1,
    total_ms: 1,
    path: ['public'],
  };
  const { candidates } = await candidatesOf(session, await loadParser(), [asker]);
  expect(candidates).toMatchObject([
    { doubt: expect.stringMatching(/^each value stands for about 25\.0% of the rows/) },
  ]);
});

test('a partial index does it only where its condition is one of the statement’s', async () => {
  await session.sql('CREATE INDEX not_deleted ON people (email) WHERE deleted IS NULL');
  expect(await lacks('SELECT * FROM people WHERE email = $1')).toHaveLength(1);
  expect(await lacks('SELECT * FROM people p WHERE email = $1 AND p.deleted IS NULL')).toEqual([]);
  await session.sql('DROP INDEX not_deleted');
  await session.sql('CREATE INDEX known ON people (email) WHERE email IS NOT NULL');
  expect(await lacks('SELECT * FROM people WHERE email = $1')).toEqual([]);
  await session.sql('DROP INDEX known');
});

test('an index that is there does it: of expressions, in any order, with more behind', async () => {
  await session.sql('CREATE INDEX lowered ON people (lower(email))');
  expect(await lacks('SELECT * FROM people WHERE lower(email) = $1')).toEqual([]);
  await session.sql('CREATE INDEX by_city ON people (city, born, email)');
  expect(await lacks('SELECT * FROM people WHERE city = $1 AND born > $2')).toEqual([]);
  expect(await lacks('SELECT * FROM people WHERE city = $1 ORDER BY born LIMIT 3')).toEqual([]);
  expect(await lacks('SELECT * FROM people WHERE born > $1')).toEqual(['public.people ("born")']);
});

test('wishes for the same columns are one, and the longer serves both', async () => {
  const path = ['public'];
  const askers = [
    { queryid: '1', text: 'SELECT * FROM orders WHERE state = $1', calls: 3, total_ms: 5, path },
    {
      queryid: '2',
      text: 'SELECT * FROM orders WHERE state = $1 AND total > $2',
      calls: 2,
      total_ms: 7,
      path,
    },
    {
      queryid: '3',
      text: 'SELECT 1 FROM orders WHERE state = $1 AND total > $2',
      calls: 1,
      total_ms: 9,
      path,
    },
  ];
  const { candidates, read } = await candidatesOf(session, await loadParser(), askers);
  expect(read).toBe(3);
  expect(candidates.map(candidateName)).toEqual(['public.orders ("state", "total")']);
  expect(candidates[0]?.askers.map(({ queryid }) => queryid)).toEqual(['3', '2', '1']);
});

test('five thousand statements are read in seconds, and what is late is counted', async () => {
  const path = ['public'];
  const askers = Array.from({ length: 5_000 }, (_, at) => ({
    queryid: String(at),
    text: `SELECT o.id, p.email AS c${at} FROM orders o JOIN people p ON p.id = o.person WHERE o.state = $1 AND o.at > $2 ORDER BY o.at DESC LIMIT 10`,
    calls: 1,
    total_ms: 1,
    path,
  }));
  const told: number[] = [];
  const began = performance.now();
  const all = await candidatesOf(session, await loadParser(), askers, {
    onProgress: (done) => told.push(done),
  });
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(all).toMatchObject({ read: 5_000, late: 0 });
  expect(told).toEqual([1_000, 2_000, 3_000, 4_000]);
  expect(await candidatesOf(session, await loadParser(), askers, { seconds: 0 })).toMatchObject({
    read: 0,
    late: 5_000,
  });
});

test.each([
  // the rows of the left side stay whatever they are
  [
    "SELECT * FROM people p LEFT JOIN orders o ON o.person = p.id AND p.email = 'x'",
    'public.orders ("person")',
  ],
  [
    "SELECT * FROM orders o RIGHT JOIN people p ON o.person = p.id AND p.email = 'x'",
    'public.orders ("person")',
  ],
  [
    "SELECT * FROM people p LEFT JOIN orders o ON o.person = p.id WHERE p.email = 'x'",
    'public.orders ("person")',
    'public.people ("email")',
  ],
  ["SELECT * FROM people p FULL JOIN orders o ON o.person = p.id AND p.email = 'x'"],
  ['SELECT * FROM orders LEFT JOIN (SELECT id AS person FROM people) x USING (person)'],
  [
    "SELECT * FROM people p JOIN orders o ON o.person = p.id AND p.email = 'x'",
    'public.orders ("person")',
    'public.people ("email")',
  ],
])('of an outer join only what it leaves out is looked for: %s', async (text, ...wanted) => {
  expect(await lacks(text)).toEqual(wanted);
});

test('types that no B-tree has, and collations that the statement does not compare by', async () => {
  await session.sql('CREATE DOMAIN spot AS box');
  await session.sql("CREATE TYPE mood AS ENUM ('ok', 'bad')");
  await session.sql(
    'CREATE TABLE odd (b box, s spot, x xid, v varchar, a int[], m mood, t text, i inet, c cidr)',
  );
  await session.sql('INSERT INTO odd (t) SELECT i::text FROM generate_series(1, 5000) i');
  await session.sql('ANALYZE odd');
  for (const column of ['b', 's', 'x'])
    expect(await lacks(`SELECT FROM odd WHERE ${column} = $1`)).toEqual([]);
  for (const column of ['v', 'a', 'm', 't', 'i', 'c'])
    expect(await lacks(`SELECT FROM odd WHERE ${column} = $1`)).toEqual([`public.odd ("${column}")`]);
  await session.sql('CREATE INDEX odd_posix ON odd (t COLLATE "POSIX")');
  expect(await lacks('SELECT FROM odd WHERE t = $1')).toEqual(['public.odd ("t")']);
  await session.sql('DROP TABLE odd');
});

test('of a table that somebody has locked nobody can see what it lacks', async () => {
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE people IN ACCESS EXCLUSIVE MODE');
  const asker = { queryid: '1', calls: 1, total_ms: 1, path: ['public'] };
  const { candidates, locked } = await candidatesOf(session, await loadParser(), [
    { ...asker, text: 'SELECT * FROM people WHERE id = $1' },
    { ...asker, text: 'SELECT * FROM orders WHERE person = $1' },
  ]);
  await holder.close();
  expect(candidates.map(candidateName)).toEqual(['public.orders ("person")']);
  expect(locked).toEqual(['public.people']);
});
