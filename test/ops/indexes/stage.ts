import { onTestFinished } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../src/ops/engine/plan.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { indexesCreate } from '../../../src/ops/indexes/create/create.ts';
import { indexesDrop } from '../../../src/ops/indexes/drop/drop.ts';
import { client, type TestDatabase } from '../../support/cluster.ts';
import { carryOut, type EndEvent } from '../engine/run/stage.ts';

export { complaints, contextFor, linesOf } from '../maintain/stage.ts';
export { indexesOf, invalidIndexes } from '../reindex/stage.ts';

export function planDrop(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return indexesDrop.plan(indexesDrop.input.parse(input), context);
}

export function planCreate(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return indexesCreate.plan(indexesCreate.input.parse(input), context);
}

export function planUndo(context: OpContext, run: string): Promise<Plan> {
  return undo.plan({ run }, context);
}

/** Plans and carries out; the end has to be good. */
export async function done(
  plan: Plan,
  context: OpContext,
): Promise<{ end: EndEvent; events: OpEvent[]; run: string }> {
  const { end, events } = await carryOut(plan, context);
  if (!end.ok) throw new Error(end.text);
  return { end, events, run: end.run };
}

/** All that there is to say of an index, for comparing it with what it was. */
export async function described(
  session: Session,
  index: string,
): Promise<Record<string, unknown> | undefined> {
  const [row] = await session.sql(
    `SELECT pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid AS valid, i.indisclustered AS clustered,
  obj_description(c.oid, 'pg_class') AS comment, c.reloptions::text AS options, (SELECT spcname::text FROM pg_tablespace WHERE oid = c.reltablespace) AS tablespace,
  (SELECT string_agg(attnum || ':' || attstattarget, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attstattarget >= 0) AS statistics
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.oid = to_regclass($1)`,
    [index],
  );
  return row;
}

/** Somebody in a transaction that has used the table, until he is let go. */
export async function user(db: TestDatabase, ...statements: string[]): Promise<() => Promise<void>> {
  const session = await client(db.target(), 'holder');
  await session.sql('BEGIN');
  for (const one of statements) await session.sql(one);
  onTestFinished(() => session.close());
  return async () => void (await session.sql('ROLLBACK'));
}
