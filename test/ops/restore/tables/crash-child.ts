import { runPlan } from '../../../../src/ops/engine/run/runner.ts';
import { findBackup } from '../../../../src/ops/repository/repository.ts';
import { tablesPlan } from '../../../../src/ops/restore/tables/plan.ts';
import { contextOf } from '../../engine/run/stage.ts';

/** Restores one table, in a process of its own that can be killed: target, home, file, table. */
const [target = '', home = '', file = '', table = ''] = process.argv.slice(2);
const context = contextOf({ ...JSON.parse(target), password: async () => undefined }, home);
const backup = await findBackup('/nowhere', file);
const plan = await tablesPlan({ tables: [table], mode: 'replace', safety: false }, context, backup);
for await (const _ of runPlan(plan, context));
await context.close();
