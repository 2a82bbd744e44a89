import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import { planLines } from '../../src/db/explain/lines.ts';
import { explainTree, unexplainable } from '../../src/db/explain.ts';
import { statementEntries } from '../../src/db/queries/statements.ts';
import { type Demo, startDemo } from '../../src/demo/demo.ts';
import { lineText } from '../../src/text/line.ts';
import { width } from '../../src/text/width.ts';
import { until } from '../support/until.ts';

let demo: Demo;
let session: Session;

beforeAll(async () => {
  demo = await startDemo({ scale: 0.05, bin: inject('postgres').bin });
  session = await connect(demo.target, 'workload', 'test');
});
afterAll(async () => {
  await session?.close();
  await demo?.stop();
});

const statements = () =>
  session.sql(
    'SELECT DISTINCT queryid::text AS id, query FROM pg_stat_statements WHERE queryid IS NOT NULL ORDER BY 1',
  );

test('every statement that the demo leaves has a plan, or a sentence why not', async () => {
  const of = async (what: string) =>
    (await statements()).filter(({ query }) => String(query).includes(what)).length;
  await until(async () => (await of('UPDATE')) > 2 && (await of('SELECT')) > 20, {
    what: 'statements of the workload',
    timeout: 20_000,
  });
  // constants of which the texts are no SQL, or have a parameter that nothing says the type of
  await session.sql("SELECT count(*) FROM orders WHERE now() - '1 day'::interval > '2026-01-01'");
  await session.sql("SELECT date '2026-01-01' + interval '1' day, extract(year FROM now())");
  const found = { planned: 0, refused: [] as string[], failed: [] as string[] };
  for (const { id } of await statements()) {
    const [entry] = await session.run(statementEntries, { queryid: String(id) });
    const text = entry?.query ?? '';
    if (unexplainable(text) !== undefined) {
      found.refused.push(text);
      continue;
    }
    try {
      const { plans } = await explainTree(session, text);
      const lines = planLines(plans, 80).map(lineText);
      expect(Math.max(...lines.map(width)), text).toBeLessThanOrEqual(80);
      found.planned++;
    } catch (error) {
      found.failed.push(`${(error as Error).message} :: ${text}`);
    }
  }
  expect(found.planned).toBeGreaterThan(20);
  // the workload locks tables, and groups by a constant
  const told = /lock timeout|Constants that were the same are parameters of their own/;
  expect(found.failed.filter((text) => !told.test(text))).toEqual([]);
  // what has no plan is a command of another kind, every time
  for (const text of found.refused)
    expect(text).not.toMatch(/^\s*(?:select|insert|update|delete|merge|with|values|table)\b/i);
}, 60_000);
