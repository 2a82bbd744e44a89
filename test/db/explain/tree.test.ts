import { afterAll, beforeAll, expect, test } from 'vitest';
import { planLines } from '../../../src/db/explain/lines.ts';
import { type PlanDocument, readPlan } from '../../../src/db/explain/plan.ts';
import { timesOf, treeRows } from '../../../src/db/explain/tree.ts';
import type { Session } from '../../../src/db/session.ts';
import { lineText } from '../../../src/text/line.ts';
import { width } from '../../../src/text/width.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';

let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql(
    `CREATE TABLE many AS SELECT g AS id, g % 2 AS half, 'x' AS "a\u001b[31mb" FROM generate_series(1, 5000) g`,
  );
  await session.sql('ANALYZE many');
});
afterAll(() => db.drop());

async function analyzed(text: string): Promise<PlanDocument> {
  const [row] = await session.sql(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`);
  return readPlan(row?.['QUERY PLAN']).plans;
}

test('a node that was planned for far fewer rows is marked, by how many times', async () => {
  // nobody knows that both halves of the condition say the same
  const plans = await analyzed('SELECT * FROM many WHERE (id + 0) % 2 = half ORDER BY id');
  const scan = treeRows(plans).find(({ title }) => title === 'Seq Scan on many');
  expect(scan).toMatchObject({ wrong: true, real: 5000, depth: 1 });
  expect(scan?.off).toBeGreaterThan(10);
  const lines = planLines(plans, 80).map(lineText);
  expect(lines[0]).toBe(' TIME    ROWS   REAL        NODE');
  expect(lines.find((line) => line.includes('Seq Scan'))).toMatch(/ 25 +5\.0k +x200! +-> Seq Scan on many$/);
  expect(lines.at(-1)).toMatch(/^planned in .*ms, run in /);
  expect(timesOf(plans)).toBe(lines.at(-1));
});

test('each has its own share of the time, that of a CTE is of who reads it, and all are the whole', async () => {
  const rows = treeRows(
    await analyzed(
      'WITH slow AS MATERIALIZED (SELECT id, pg_sleep(0.05) FROM many WHERE id < 3) SELECT count(*) FROM slow',
    ),
  );
  const own = (title: RegExp) => rows.find((row) => title.test(row.title))?.own ?? Number.NaN;
  expect(own(/^CTE slow: Seq Scan on many/)).toBeGreaterThan(0.9);
  expect(own(/^CTE Scan on slow/)).toBeLessThan(0.1);
  expect(own(/^Aggregate/)).toBeLessThan(0.1);
  expect(rows.reduce((sum, row) => sum + (row.own ?? 0), 0)).toBeCloseTo(1);
  expect(rows.filter(({ slow }) => slow).map(({ title }) => title)).toEqual(['CTE slow: Seq Scan on many']);
});

test.each([3, 6, 7])('shares of %i equal parts are 100 per cent together', (parts) => {
  const scan = { 'Node Type': 'Seq Scan', 'Total Cost': 1 };
  const Plan = {
    'Node Type': 'Append',
    'Total Cost': parts,
    Plans: Array.from({ length: parts }, () => ({ ...scan })),
  };
  const percents = treeRows([{ Plan }]).map(({ percent }) => percent ?? Number.NaN);
  expect(percents.reduce((sum, one) => sum + one, 0)).toBe(100);
  expect(Math.max(...percents) - Math.min(...percents.slice(1))).toBe(1);
});

test('a node that was never begun says so', async () => {
  const plans = await analyzed('SELECT id FROM many UNION ALL SELECT half FROM many LIMIT 1');
  expect(planLines(plans, 80).map(lineText).join('\n')).toMatch(/ never +.*-> /);
});

test('it fits its room and is clean, whatever names and conditions there are', async () => {
  const list = Array.from({ length: 400 }, (_, i) => i).join(', ');
  const plans = await analyzed(
    `SELECT "a\u001b[31mb" FROM many WHERE "a\u001b[31mb" <> 'y' AND id IN (${list})`,
  );
  for (const columns of [40, 80, 200]) {
    const lines = planLines(plans, columns).map(lineText);
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(Math.max(columns, 60));
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines.length).toBeLessThan(10);
  }
});

test('what is no plan is refused', () => {
  expect(() => readPlan([])).toThrow();
  expect(() => readPlan([{ Plan: { Rows: 1 } }])).toThrow();
});
