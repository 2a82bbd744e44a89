import { z } from 'zod';
import { databaseFacts } from '../../../db/queries/database/facts.ts';
import { plural } from '../../../text/units.ts';
import { planningSession } from '../../database/maintenance.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Plan } from '../../engine/plan.ts';
import { block } from '../checks.ts';
import { planDrop } from '../drop/drop.ts';
import { databasesErrors } from '../errors.ts';
import { finishSteps } from './finish.ts';

const createdSchema = z.object({ database: z.string(), oid: z.number() });
const creatingSchema = z.object({
  database: z.string(),
  closed: z.boolean(),
  comment: z.string().nullable(),
});

/** Drops the database that a run has made, as long as nothing is in it. */
export async function undoCreate(run: Run, context: OpContext): Promise<Plan> {
  const created = createdSchema.safeParse(run.facts.db_created).data;
  if (created === undefined) throw databasesErrors.noRecord({ run: run.id });
  const { database, oid } = created;
  const plan = await planDrop({ name: database, end_sessions: false, no_safety_backup: true }, context, oid);
  const look = await context.open('pgdeck-plan', database, 'slow');
  let tables: number;
  try {
    const [row] = await look.sql(
      `SELECT /* pgdeck */ count(*)::int AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`,
    );
    tables = Number(row?.n);
  } finally {
    await look.close();
  }
  const used = block(
    'Contents',
    `${database} has ${plural(tables, 'table')} by now: pgdeck db drop drops it, after a backup.`,
  );
  return { ...plan, checks: [...plan.checks, ...(tables > 0 ? [used] : [])] };
}

/** It may be there without what was to be said of it. */
export async function recoverCreate(run: Run, context: OpContext): Promise<Plan | undefined> {
  const creating = creatingSchema.safeParse(run.facts.db_creating).data;
  if (creating === undefined) return undefined;
  const { database, closed, comment } = creating;
  const session = await planningSession(context);
  const [facts] = await session.run(databaseFacts, { database });
  const created = createdSchema.safeParse(run.facts.db_created).data;
  if (facts === undefined || (created !== undefined && created.oid !== facts.oid)) return undefined;
  const steps = finishSteps({
    name: database,
    closed: closed && facts.open_to_all,
    // somebody may have written another one since
    comment: facts.comment === null && comment !== null ? comment : undefined,
  });
  return {
    operation: 'recover',
    title: `Finish the database ${database}`,
    subject: database,
    danger: steps.length > 0 ? 'confirm' : 'none',
    writes: steps.length > 0,
    server: context.place,
    input: { run: run.id },
    facts: [
      {
        label: database,
        value: `is there, and empty unless somebody has filled it since. To drop it: pgdeck db drop ${database}`,
      },
    ],
    checks: [],
    steps,
    leaves: () => `${database} is there.`,
    reaches: () => `${database} is there as it was to be made.`,
    locks: [{ family: 'restore', database }],
  };
}
