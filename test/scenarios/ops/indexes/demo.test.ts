import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { type Demo, startDemo } from '../../../../src/demo/demo.ts';
import {
  type Advised,
  adviseOnWorkload,
  type WorkloadAdvice,
} from '../../../../src/ops/indexes/advise/advise.ts';
import { candidateName, candidateSql } from '../../../../src/ops/indexes/advise/candidates.ts';
import { costOf } from '../../../../src/ops/indexes/advise/trial.ts';
import { until } from '../../../support/until.ts';

const { bin } = inject('postgres');
let demo: Demo;
let admin: Session;
let hypopg: boolean;

beforeAll(async () => {
  demo = await startDemo({ bin });
  admin = await connect(demo.target, 'workload', 'test');
  hypopg = (await admin.sql("SELECT FROM pg_available_extensions WHERE name = 'hypopg'")).length > 0;
  if (hypopg) await admin.sql('CREATE EXTENSION hypopg');
}, 120_000);
afterAll(async () => {
  await admin?.close();
  await demo?.stop();
});

/** The advice once the workload has asked for all that it asks for. */
async function advised(): Promise<WorkloadAdvice> {
  await until(
    async () => {
      const rows = await admin.sql(
        "SELECT FROM pg_stat_statements WHERE query LIKE 'SELECT status, amount FROM payments%' OR query LIKE 'WITH due AS%' OR query LIKE '%FROM customers%'",
      );
      return rows.length >= 2;
    },
    { what: 'the workload has come round', timeout: 60_000 },
  );
  await admin.sql('ANALYZE');
  const session = await connect(demo.target, 'slow', 'test-advise');
  try {
    return await adviseOnWorkload(session, { path: '"$user", public' });
  } finally {
    await session.close();
  }
}

/** Costs of the statement that was tried, without the index and with a real one that is rolled back. */
async function realCosts({
  askers,
  trial,
  ...candidate
}: Advised): Promise<{ before: number; after: number }> {
  const asker = askers.find(({ queryid }) => trial.status === 'tested' && queryid === trial.queryid);
  const text = asker?.text ?? '';
  const parameters = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const nulls = parameters === 0 ? '' : ` (${Array(parameters).fill('NULL').join(', ')})`;
  const cost = async () => {
    const rows = await admin.sql(`EXPLAIN EXECUTE asked${nulls}`);
    return costOf(rows.map((row) => String(row['QUERY PLAN']))) ?? Number.NaN;
  };
  const leaves: [string, string][] = JSON.parse(candidate.table.leaves ?? 'null') ?? [
    [candidate.table.schema, candidate.table.name],
  ];
  await admin.sql('BEGIN');
  await admin.sql('SET LOCAL plan_cache_mode = force_generic_plan');
  await admin.sql(`PREPARE asked AS ${text}`);
  const before = await cost();
  for (const sql of candidateSql(
    candidate,
    leaves.map(([schema, name]) => ({ schema, name })),
  ))
    await admin.sql(sql);
  const after = await cost();
  await admin.sql('ROLLBACK');
  await admin.sql('DEALLOCATE asked');
  return { before, after };
}

test('each candidate that was tested makes EXPLAIN’s cost fall with the real index too', async ({ skip }) => {
  if (!hypopg) return skip();
  const { candidates, statements } = await advised();
  expect(statements.read).toBeGreaterThan(10);
  const tested = candidates.filter(({ trial }) => trial.status === 'tested');
  expect(tested.length).toBeGreaterThan(0);
  for (const one of tested) {
    const { before, after } = await realCosts(one);
    expect({ of: candidateName(one), falls: after < 0.9 * before }).toEqual({
      of: candidateName(one),
      falls: true,
    });
  }
}, 180_000);
