import { z } from 'zod';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan } from '../../engine/plan.ts';
import { toldPlan } from '../../engine/told.ts';
import { roleErrors } from '../errors.ts';
import { block, ok, roleOf } from '../look.ts';
import { roleFacts } from '../queries/roles.ts';
import { carryOut } from '../transaction.ts';

const schema = z.object({
  role: z.string(),
  oid: z.number(),
  database: z.string(),
  /** The statements that take it back, in their order. */
  back: z.array(z.string()),
});

const recordOf = (run: Run) => schema.safeParse(run.facts.grant).data;

/** Takes back what a run has granted, and nothing that the role had before. */
export async function undoGrant(run: Run, context: OpContext): Promise<Plan> {
  const record = recordOf(run);
  if (record === undefined) throw roleErrors.noRecord({ run: run.id });
  const { role, oid, database, back } = record;
  const session = await context.session(database);
  const facts = await roleOf(session, role);
  const state = { done: false };
  const check: Check =
    facts.oid === oid
      ? ok('Role', 'What the role had before stays; what somebody else has granted since does too.')
      : block('Role', `${role} is another role than then: it was dropped and made again.`);
  return {
    operation: 'undo',
    title: `Take back from ${role} what was granted`,
    subject: role,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { run: run.id },
    facts: [
      { label: 'Role', value: role },
      { label: 'Database', value: database },
    ],
    checks: [check],
    steps: [
      {
        id: 'revoke',
        title: 'Take it back in one transaction',
        preview: ['BEGIN', ...back, 'COMMIT'].map((sql) => `${sql};`).join('\n'),
        effect: 'what works as the role may not be able to any more',
        atomic: true,
        run: async (io) => {
          const own = await io.connect(database);
          await carryOut(own, back);
          state.done = true;
        },
      },
    ],
    leaves: () => (state.done ? `${role} has no more what was granted.` : `${role} has what was granted.`),
    reaches: () => `${role} may do what it could before.`,
    locks: [{ family: 'role', database }],
  };
}

/** It is one transaction: all of it was granted, or nothing. */
export async function recoverGrant(run: Run, context: OpContext): Promise<Plan | undefined> {
  const record = recordOf(run);
  if (record === undefined) return undefined;
  const { role, oid, database } = record;
  const [facts] = await (await context.session(database)).run(roleFacts, { role });
  if (facts?.oid !== oid) return undefined;
  const value = `has what was granted, all of it or nothing: the same command says which, and does what is left. To take it back: pgdeck undo ${run.id}`;
  return toldPlan(context, run, { title: `The rights of ${role}`, subject: role, value });
}
