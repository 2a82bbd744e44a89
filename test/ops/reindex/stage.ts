import { expect, onTestFinished } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import { listRuns } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../src/ops/engine/plan.ts';
import { recover } from '../../../src/ops/recover/recover.ts';
import { reindex } from '../../../src/ops/reindex/reindex.ts';
import { client, type TestDatabase, until } from '../../support/cluster.ts';
import { carryOut } from '../engine/run/stage.ts';

export { compared, complaints, contextFor, linesOf } from '../maintain/stage.ts';

export function planReindex(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return reindex.plan(reindex.input.parse(input), context);
}

/** A table with a bloated index, a unique one and one of its TOAST table. */
export async function bloatedIndex(session: Session, name: string, rows = 20_000): Promise<void> {
  await session.sql(
    `CREATE TABLE ${name} (id int CONSTRAINT ${name}_pkey PRIMARY KEY, t text) WITH (autovacuum_enabled = off)`,
  );
  await session.sql(`INSERT INTO ${name} SELECT i, 'x' || i FROM generate_series(1, ${rows}) i`);
  await session.sql(`CREATE INDEX ${name}_t ON ${name} (t)`);
  await session.sql(`DELETE FROM ${name} WHERE id % 10 <> 0`);
  await session.sql(`VACUUM (ANALYZE, INDEX_CLEANUP on) ${name}`);
}

/** The indexes of the database that are not valid, by name. */
export async function invalidIndexes(session: Session): Promise<string[]> {
  const rows = await session.sql(
    'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid OR NOT indisready OR NOT indislive ORDER BY 1',
  );
  return rows.map(({ name }) => String(name));
}

/** Indexes of a table, with what tells one from another that has the same name. */
export async function indexesOf(session: Session, table: string): Promise<string[]> {
  const rows = await session.sql(
    'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = $1::regclass ORDER BY 1',
    [table],
  );
  return rows.map(({ name }) => String(name));
}

export type Phase = 'writers before build' | 'old snapshots' | 'readers before marking dead';

export const PHASES: readonly Phase[] = [
  'writers before build',
  'old snapshots',
  'readers before marking dead',
];

const HOLDING: Readonly<Record<Phase, (table: string) => readonly string[]>> = {
  'writers before build': (table) => ['BEGIN', `UPDATE ${table} SET t = t WHERE id = 10`],
  // its snapshot is all that it has
  'old snapshots': () => ['BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1'],
  'readers before marking dead': (table) => ['BEGIN', `SELECT FROM ${table} LIMIT 1`],
};

/** Somebody whose transaction holds REINDEX CONCURRENTLY of the table in that phase, until he is let go. */
export async function holdIn(phase: Phase, db: TestDatabase, table: string): Promise<() => Promise<void>> {
  const holder = await client(db.target(), 'holder');
  for (const statement of HOLDING[phase](table)) await holder.sql(statement);
  onTestFinished(() => holder.close());
  return async () => void (await holder.sql('ROLLBACK'));
}

/** Waits until a build has come to that phase. */
export async function reached(session: Session, phase: Phase): Promise<void> {
  await until(
    async () => {
      const rows = await session.sql(
        'SELECT FROM pg_stat_progress_create_index WHERE datname = current_database() AND phase = $1',
        [`waiting for ${phase}`],
      );
      return rows.length > 0;
    },
    { what: `the build waits for ${phase}`, timeout: 15_000 },
  );
}

/** Waits until nothing is rebuilt any more: let go before that, it could come to its end instead of being cancelled. */
export async function stopped(session: Session): Promise<void> {
  const sql = 'SELECT FROM pg_stat_progress_create_index WHERE datname = current_database()';
  await until(async () => (await session.sql(sql)).length === 0, {
    what: 'the end of the rebuild',
    timeout: 15_000,
  });
}

/** Runs `pgdeck recover` to its end, and finds nothing more to do afterwards. */
export async function recovered(
  context: OpContext,
  onEvent: (event: OpEvent) => void = () => {},
): Promise<string> {
  // of this run only: what others have left on the server is not ours
  const [left] = listRuns(context.journal);
  const input = recover.input.parse({ run: left?.id });
  const plan = await recover.plan(input, context);
  expect(plan.steps.map(({ id }) => id)).toContain('sweep');
  const { end } = await carryOut(plan, context, { onEvent });
  await expect(recover.plan(input, context)).rejects.toThrow(/has left nothing behind/);
  return end.status;
}
