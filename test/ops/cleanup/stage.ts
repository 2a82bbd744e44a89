import type { Session } from '../../../src/db/session.ts';
import { cleanup } from '../../../src/ops/cleanup/operation.ts';
import { cleanupRestore } from '../../../src/ops/cleanup/restore.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../src/ops/engine/plan.ts';
import { recover } from '../../../src/ops/recover/recover.ts';
import { carryOut } from '../engine/run/stage.ts';

export { complaints, contextFor, linesOf } from '../maintain/stage.ts';

export function planCleanup(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return cleanup.plan(cleanup.input.parse(input), context);
}

export async function runCleanup(context: OpContext, input: Record<string, unknown>) {
  return carryOut(await planCleanup(context, input), context);
}

export async function restoreRun(context: OpContext, run: string) {
  return carryOut(await cleanupRestore.plan({ run }, context), context);
}

export async function recoverRun(context: OpContext, run: string) {
  return carryOut(await recover.plan(recover.input.parse({ run }), context), context);
}

/** A table of rows that are `1` to `rows` days old, of which those older than half of that are to go. */
export async function aged(
  session: Session,
  name: string,
  { rows = 200, type = 'timestamptz', more = '' }: { rows?: number; type?: string; more?: string } = {},
): Promise<void> {
  await session.sql(`CREATE TABLE ${name} (id int PRIMARY KEY, at ${type}, t text${more})`);
  await session.sql(
    `INSERT INTO ${name} (id, at, t) SELECT i, now() - i * interval '1 day' - interval '1 hour', 't' || i FROM generate_series(1, ${rows}) i`,
  );
}

/** All rows of a table as the server writes them, sorted. */
export async function rowsOf(session: Session, table: string): Promise<string[]> {
  const rows = await session.sql(`SELECT x::text AS row FROM ${table} x ORDER BY 1`);
  return rows.map(({ row }) => String(row));
}

export async function countOf(session: Session, table: string): Promise<number> {
  const [row] = await session.sql(`SELECT count(*)::int AS rows FROM ${table}`);
  return Number(row?.rows);
}

/** What the steps have told of their end. */
export function outcomes(events: readonly OpEvent[]) {
  return events.flatMap((event) =>
    event.type === 'finish' && event.outcome !== undefined
      ? [{ kind: event.outcome.kind, ...event.outcome.facts, text: event.text ?? '' }]
      : [],
  );
}

/** What a plan knows, by its label. */
export function factOf(plan: Plan, label: string): string | undefined {
  return plan.facts.find((fact) => fact.label === label)?.value;
}
