import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { KEPT, type Plan } from '../../../../../src/ops/engine/plan.ts';
import { carryOut, contextOf, planOf, step } from '../../../../ops/engine/run/stage.ts';
import { type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

function here() {
  const context = contextOf(db.target(), home);
  onTestFinished(() => context.close());
  return context;
}

test('it stands once at the end, after what could not be rolled back', async () => {
  const plan: Plan = planOf(
    [step('work', () => Promise.reject(new Error('no room')), { rollback: async () => KEPT })],
    { leaves: () => 'shop was not touched.' },
  );
  const { end } = await carryOut(plan, here());
  expect(end.text).toBe('Step work: no room\nshop was not touched.');
});
