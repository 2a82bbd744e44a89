import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { listRuns } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { orphans } from '../../../src/ops/orphans/operation.ts';
import { recover } from '../../../src/ops/recover/recover.ts';
import { carryOut } from '../engine/run/stage.ts';

export { complaints, contextFor, linesOf } from '../maintain/stage.ts';

export function planOrphans(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return orphans.plan(orphans.input.parse(input), context);
}

export async function runOrphans(context: OpContext, input: Record<string, unknown>) {
  return carryOut(await planOrphans(context, input), context);
}

export async function undoRun(context: OpContext, run: string) {
  return carryOut(await undo.plan(undo.input.parse({ run }), context), context);
}

export async function recoverRun(context: OpContext, run: string) {
  return carryOut(await recover.plan(recover.input.parse({ run }), context), context);
}

/** Two tables with a key between them that is NOT VALID, and rows of which so many break it. */
export async function broken(
  session: Session,
  name: string,
  { rows = 100, lost = 40, valid = false }: { rows?: number; lost?: number; valid?: boolean } = {},
): Promise<void> {
  await session.sql(`CREATE TABLE ${name}_parent (id int PRIMARY KEY, t text)`);
  await session.sql(`CREATE TABLE ${name} (id int PRIMARY KEY, parent int, t text)`);
  await session.sql(`INSERT INTO ${name}_parent SELECT i, 'p' || i FROM generate_series(1, 10) i`);
  await session.sql(
    `INSERT INTO ${name} SELECT i, CASE WHEN i <= ${lost} THEN 1000 + i ELSE i % 10 + 1 END, 't' || i FROM generate_series(1, ${rows}) i`,
  );
  if (!valid)
    await session.sql(
      `ALTER TABLE ${name} ADD CONSTRAINT ${name}_fk FOREIGN KEY (parent) REFERENCES ${name}_parent NOT VALID`,
    );
}

/** All rows of a table as the server writes them, sorted. */
export async function rowsOf(session: Session, table: string): Promise<string[]> {
  const rows = await session.sql(`SELECT x::text AS row FROM ${table} x ORDER BY 1`);
  return rows.map(({ row }) => String(row));
}

/** `valid`, `not valid` or `missing`. */
export async function stateOf(session: Session, key: string): Promise<string> {
  const [row] = await session.sql(
    'SELECT convalidated AS valid FROM pg_constraint WHERE conname = $1 AND conparentid = 0',
    [key],
  );
  return row === undefined ? 'missing' : row.valid === true ? 'valid' : 'not valid';
}

/** The directories of archives below one, the newest run last. */
export function archivesIn(directory: string): string[] {
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .sort();
}

/** The newest run of the operation. */
export function newest(context: OpContext) {
  const [run] = listRuns(context.journal).filter(({ operation }) => operation === 'orphans');
  expect(run).toBeDefined();
  return run as NonNullable<typeof run>;
}
