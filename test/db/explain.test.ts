import { afterAll, beforeAll, expect, test } from 'vitest';
import { explain } from '../../src/db/explain.ts';
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
