import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Session } from '../../../src/db/client.ts';
import type { Target } from '../../../src/db/target.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { settingsReset, settingsSet } from '../../../src/ops/settings/set.ts';
import { carryOut } from '../engine/run/stage.ts';

export { complaints, contextFor, linesOf } from '../maintain/stage.ts';

export function planSet(context: OpContext, name: string, value: string, more: object = {}): Promise<Plan> {
  return settingsSet.plan(settingsSet.input.parse({ name, value, ...more }), context);
}

export function planReset(context: OpContext, name: string, more: object = {}): Promise<Plan> {
  return settingsReset.plan(settingsReset.input.parse({ name, ...more }), context);
}

/** Carries a plan out; its end, with the lines that it wrote. */
export async function done(plan: Plan, context: OpContext) {
  const { end, events } = await carryOut(plan, context);
  const lines = events.flatMap((event) => (event.type === 'line' ? [event.text] : []));
  return { ...end, lines };
}

/** Takes a run back. */
export async function takenBack(run: string, context: OpContext) {
  return done(await undo.plan({ run }, context), context);
}

/** What ALTER SYSTEM has written, byte by byte. */
export function autoConf({ dataDir }: Pick<Cluster, 'dataDir'>): string {
  return readFileSync(join(dataDir, 'postgresql.auto.conf'), 'latin1');
}

/** The lines of it that set something. */
export function autoLines(cluster: Pick<Cluster, 'dataDir'>): string[] {
  return autoConf(cluster)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** What a new session is given, as SHOW prints it. */
export async function fresh(target: Target, name: string): Promise<string> {
  const session = await connect(target, 'workload', 'test');
  try {
    return await shown(session, name);
  } finally {
    await session.close();
  }
}

export async function shown(session: Session, name: string): Promise<string> {
  const [row] = await session.sql('SELECT current_setting($1) AS value', [name]);
  return String(row?.value);
}
