import { onTestFinished } from 'vitest';
import type { Session } from '../../../src/db/session.ts';
import type { Target } from '../../../src/db/target.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../src/ops/engine/plan.ts';
import { analyze } from '../../../src/ops/maintain/analyze.ts';
import { vacuum } from '../../../src/ops/maintain/vacuum.ts';
import { until } from '../../support/until.ts';
import { contextOf } from '../engine/run/stage.ts';

/** A context that is closed at the end of the test. */
export function contextFor(target: Target, home: string): OpContext {
  const context = contextOf(target, home);
  onTestFinished(() => context.close());
  return context;
}

export function planVacuum(context: OpContext, input: Record<string, unknown> = {}): Promise<Plan> {
  return vacuum.plan(vacuum.input.parse(input), context);
}

export function planAnalyze(context: OpContext, input: Record<string, unknown> = {}): Promise<Plan> {
  return analyze.plan(analyze.input.parse(input), context);
}

/** Ids of the steps that are about tables: from 16 on there is one more that notes the age of the database. */
export function tableSteps(plan: Plan): string[] {
  return plan.steps.map(({ id }) => id).filter((id) => id !== 'database-stats' && id !== 'compare');
}

/** The checks that block a plan, or warn. */
export function complaints(plan: Plan): string[] {
  return plan.checks
    .filter(({ status }) => status !== 'ok')
    .map((c) => `${c.status} ${c.title}: ${c.detail}`);
}

export function linesOf(events: readonly OpEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'line' ? [event.text] : []));
}

/** The rows of the result: what was compared, by table. */
export function compared(events: readonly OpEvent[]): Record<string, Record<string, string>> {
  return Object.fromEntries(
    events.flatMap((event) => {
      if (event.type !== 'result') return [];
      const { columns, rows } = event.table;
      return rows.map((row) => [
        row[0] ?? '',
        Object.fromEntries(columns.slice(1).map((column, at) => [column, row[at + 1] ?? ''])),
      ]);
    }),
  );
}

/** A table of some hundred pages, every second row of which is dead and can be removed by now. */
export async function bloated(session: Session, name: string, rows = 20_000): Promise<void> {
  await session.sql(`CREATE TABLE ${name} (id int PRIMARY KEY, t text) WITH (autovacuum_enabled = off)`);
  await session.sql(`INSERT INTO ${name} SELECT i, repeat('x', 100) FROM generate_series(1, ${rows}) i`);
  await session.sql(`DELETE FROM ${name} WHERE id % 2 = 0`);
  // a transaction of another database that is older than this one would keep the rows
  const [row] = await session.sql('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS deleted');
  await until(
    async () => {
      const sql = 'SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS gone';
      return (await session.sql(sql, [row?.deleted]))[0]?.gone === true;
    },
    { what: 'the end of older transactions', timeout: 20_000 },
  );
}

/** Makes the VACUUM of a database take minutes, at any moment of which it can be stopped. */
export async function slowVacuum(session: Session, database: string): Promise<void> {
  await session.sql(`ALTER DATABASE ${database} SET vacuum_cost_delay = '100ms'`);
  await session.sql(`ALTER DATABASE ${database} SET vacuum_cost_limit = 1`);
}
