import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import type { Target } from '../../../src/db/target.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../src/ops/engine/plan.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { entryOf } from '../../../src/ops/registry.ts';
import { until } from '../../support/until.ts';
import { carryOut, contextOf, type EndEvent } from '../engine/run/stage.ts';

/** A context that is closed at the end of the test. */
export function contextAt(target: Target, home: string): OpContext {
  const context = contextOf(target, home);
  onTestFinished(() => context.close());
  return context;
}

/** Plans an operation of the registry as it is given, and what its command line checks. */
export async function planned(id: string, input: Record<string, unknown>, context: OpContext): Promise<Plan> {
  const operation = await entryOf(id)?.load();
  if (operation === undefined) throw new Error(`there is no ${id}`);
  return operation.plan(operation.input.parse(input), context);
}

export interface Done {
  readonly plan: Plan;
  readonly end: EndEvent;
  readonly events: readonly OpEvent[];
  readonly lines: readonly string[];
  readonly revealed: string | undefined;
}

/** Plans it and carries it out. */
export async function done(id: string, input: Record<string, unknown>, context: OpContext): Promise<Done> {
  return carried(await planned(id, input, context), context);
}

export async function takenBack(run: string, context: OpContext): Promise<Done> {
  return carried(await undo.plan({ run }, context), context);
}

async function carried(plan: Plan, context: OpContext): Promise<Done> {
  const { end, events } = await carryOut(plan, context);
  return {
    ...{ plan, end, events },
    lines: events.flatMap((event) => (event.type === 'line' ? [event.text] : [])),
    revealed: events.flatMap((event) => (event.type === 'reveal' ? [event.secret] : []))[0],
  };
}

/** What of a plan warns or blocks. */
export function concerns(plan: Plan): string[] {
  return plan.checks
    .filter(({ status }) => status !== 'ok')
    .map(({ title, status, detail }) => `${status} ${title}: ${detail}`);
}

/** From now on roles of these names need their passwords; everybody else is let in as before. */
export async function asksFor(cluster: Cluster, ...roles: string[]): Promise<void> {
  const file = join(cluster.dataDir, 'pg_hba.conf');
  const own = roles.map(
    (role) => `host all "${role}" all scram-sha-256\nlocal all "${role}" scram-sha-256\n`,
  );
  const { uid, gid } = statSync(file);
  writeFileSync(file, own.join('') + readFileSync(file, 'utf8'));
  chownSync(file, uid, gid);
  const session = await connect(cluster.target(), 'workload', 'test');
  try {
    await session.sql('SELECT pg_reload_conf()');
    await until(
      async () => {
        const rows = await session.sql('SELECT user_name FROM pg_hba_file_rules');
        return roles.every((role) => rows.some((row) => String(row.user_name).includes(role)));
      },
      { what: 'the lines of pg_hba.conf' },
    );
  } finally {
    await session.close();
  }
}

/** Whether a role gets in with a password, over a connection of its own. */
export async function getsIn(target: Target, user: string, password: string): Promise<boolean> {
  try {
    await (await connect({ ...target, user, password: async () => password }, 'plain', 'test')).close();
    return true;
  } catch {
    return false;
  }
}
