import { afterAll, beforeAll, expect, test } from 'vitest';
import { explain, explainTree } from '../../src/db/explain.ts';
import type { Session } from '../../src/db/session.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';

let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql('CREATE TABLE days (id int, "date" date, at timestamptz, span interval, t text)');
});
afterAll(() => db.drop());

test.each([
  ['SELECT * FROM days WHERE "date" > date $1', /"?date"? > \$1/],
  ['SELECT * FROM days WHERE days.date > $1', /"?date"? > \$1/],
  ['SELECT * FROM days WHERE at > TIMESTAMP WITH TIME ZONE $1 - interval $2', /at > \(\$1 - \$2\)/],
  ['SELECT * FROM days WHERE at BETWEEN timestamp (3) $1 AND timestamptz\n$2', /at <= \$2/],
  ["SELECT * FROM days WHERE t = 'date $1' AND span = interval $1", /'date \$1'::text/],
  ['SELECT 1 AS interval, /* date $9 */ $1::int', /Result/],
])(
  'a constant with its type before it, as pg_stat_statements keeps it, is planned: %s',
  async (text, plan) => {
    expect((await explain(session, text)).join('\n')).toMatch(plan);
  },
);

test.each([
  ['a number that is not in the text', 'SELECT * FROM days WHERE id = $3', /id = \$3/],
  ['a type that nothing says', 'SELECT $1 IS NULL, id FROM days WHERE t = $2', /t = \$2/],
  ['a cast', 'SELECT now() - $1::interval', /Result/],
  ['a field of an interval', 'SELECT now() - interval $1 day to second', /Result/],
  ['a field of a time', 'SELECT extract($1 FROM at) FROM days', /Seq Scan/],
  ['a list that 18 keeps as one', 'SELECT * FROM days WHERE id IN ($1 /*, ... */)', /id = \$1/],
])('parameters: %s', async (_, text, plan) => {
  expect((await explain(session, text)).join('\n')).toMatch(plan);
});

test('partitions stay in the plan of a text with parameters, where the server can leave them there', async () => {
  await session.sql('CREATE TABLE parts (id int) PARTITION BY RANGE (id)');
  await session.sql('CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)');
  await session.sql('CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20)');
  const lines = (await explain(session, 'SELECT * FROM parts WHERE id = $1')).join('\n');
  if (session.server.major >= 16) expect(lines).toMatch(/parts_1[\s\S]*parts_2/);
  else expect(lines).toMatch(/Subplans Removed: 2/);
});

test('a text of two statements with parameters does nothing in any protocol', async () => {
  for (const text of ['SELECT $1; COMMIT; CREATE TABLE made ()', 'SELECT $1; ROLLBACK; CREATE TABLE made ()'])
    await expect(explain(session, text)).rejects.toThrow(/multiple commands/);
  expect(await session.sql("SELECT to_regclass('made') AS made")).toEqual([{ made: null }]);
});

test('the plan as data', async () => {
  const { plans, raw } = await explainTree(session, 'SELECT * FROM days WHERE id = $1 ORDER BY t');
  expect(plans[0]?.Plan).toMatchObject({ 'Node Type': 'Sort', Plans: [{ 'Relation Name': 'days' }] });
  expect(raw).toEqual(plans);
});
