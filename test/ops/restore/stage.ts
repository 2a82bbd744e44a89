import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { quoteIdent } from '../../../src/db/ident.ts';
import type { Target } from '../../../src/db/target.ts';
import { backup } from '../../../src/ops/backup/operation.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan, Progress } from '../../../src/ops/engine/plan.ts';
import { type Backup, listBackups } from '../../../src/ops/repository/repository.ts';
import { restore } from '../../../src/ops/restore/restore.ts';
import { serverTarget } from '../../support/cluster.ts';
import { carryOut, contextOf, type EndEvent } from '../engine/run/stage.ts';

/** A context that is closed at the end of the test; its repository is below its home. */
export function contextIn(target: Target, home: string, env: Record<string, string> = {}): OpContext {
  const context = contextOf(target, home, { env: { BACKUP_DIR: join(home, 'backups'), ...env } });
  onTestFinished(() => context.close());
  return context;
}

/** Backs up the context's database; returns the backup. */
export async function backedUp(context: OpContext, input: Record<string, unknown> = {}): Promise<Backup> {
  const plan = await backup.plan(backup.input.parse(input), context);
  const { end } = await carryOut(plan, context);
  if (!end.ok) throw new Error(end.text);
  const [newest] = await listBackups(context.env.BACKUP_DIR ?? '');
  if (newest === undefined) throw new Error('no backup was made');
  return newest;
}

export async function planRestore(context: OpContext, input: Record<string, unknown>): Promise<Plan> {
  return restore.plan(restore.input.parse(input), context);
}

/** What blocks a plan. */
export function blocks(plan: Plan): string[] {
  return plan.checks.filter((check) => check.status === 'block').map((c) => `${c.title}: ${c.detail}`);
}

/** Plans a restore and carries it out; the plan must not be blocked. */
export async function restored(
  context: OpContext,
  input: Record<string, unknown>,
): Promise<{
  end: EndEvent;
  plan: Plan;
  facts: Readonly<Record<string, unknown>>;
  lines: string[];
  /** The last state of each bar. */
  bars: ReadonlyMap<string, Progress>;
}> {
  const plan = await planRestore(context, input);
  const { end, run, events } = await carryOut(plan, context);
  return {
    end,
    plan,
    facts: run?.facts ?? {},
    bars: new Map(events.flatMap((event) => (event.type === 'progress' ? [[event.label, event]] : []))),
    lines: events.flatMap((event) => (event.type === 'line' ? [event.text] : [])),
  };
}

/** Works in a database as the superuser. */
export async function inDatabase<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await connect({ ...serverTarget(), database }, 'workload', 'test-look');
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Databases whose names begin so. */
export async function databasesLike(prefix: string): Promise<string[]> {
  const rows = await inDatabase('postgres', (session) =>
    session.sql('SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, $1) ORDER BY 1', [
      prefix,
    ]),
  );
  return rows.map(({ name }) => String(name));
}

/** Drops every database of that prefix, sealed ones too. */
export async function dropLike(prefix: string): Promise<void> {
  for (const name of await databasesLike(prefix))
    await inDatabase('postgres', async (session) => {
      await session.sql(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`);
    });
}
