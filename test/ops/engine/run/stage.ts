import { join } from 'node:path';
import { type Resolved, resolvedFor } from '../../../../src/config/profile.ts';
import { NO_SETTINGS } from '../../../../src/config/settings.ts';
import type { Target } from '../../../../src/db/target.ts';
import type { Host } from '../../../../src/hosts/host.ts';
import { createContext } from '../../../../src/ops/engine/context.ts';
import { listRuns, type Run } from '../../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan, Step } from '../../../../src/ops/engine/plan.ts';
import { runPlan } from '../../../../src/ops/engine/run/runner.ts';
import { entryOf } from '../../../../src/ops/registry.ts';

export type EndEvent = Extract<OpEvent, { type: 'end' }>;

/** A context of a user whose home is `home`. Close it. */
export function contextOf(
  target: Target,
  home: string,
  {
    env = {},
    readOnly = false,
    more = {},
    host,
  }: { env?: Record<string, string>; readOnly?: boolean; more?: Partial<Resolved>; host?: Host } = {},
): OpContext {
  const resolved = resolvedFor(target, 'test', NO_SETTINGS, { readOnly });
  return createContext({
    resolved: { ...resolved, ...more },
    operations: entryOf,
    ...(host && { host }),
    env: { HOME: home, XDG_STATE_HOME: join(home, 'state'), ...env },
  });
}

/** A plan of these steps that asks nothing. */
export function planOf(steps: readonly Step[], more: Partial<Plan> = {}): Plan {
  return {
    operation: 'work',
    title: 'Work',
    subject: 'shop',
    danger: 'none',
    writes: true,
    server: 'postgres@localhost:5432/shop',
    input: {},
    facts: [],
    checks: [],
    leaves: () => undefined,
    reaches: () => 'shop is painted.',
    steps,
    ...more,
  };
}

/** A step that does nothing but what is given. */
export function step(id: string, run: Step['run'], more: Partial<Step> = {}): Step {
  return { id, title: `Step ${id}`, preview: `do ${id}`, run, ...more };
}

/** All events of a run, and its end. */
export async function carryOut(
  plan: Plan,
  context: OpContext,
  options: { signal?: AbortSignal; onEvent?: (event: OpEvent) => void } = {},
): Promise<{ events: OpEvent[]; end: EndEvent; run: Run | undefined }> {
  const events: OpEvent[] = [];
  for await (const event of runPlan(plan, context, options)) {
    events.push(event);
    options.onEvent?.(event);
  }
  const end = events.at(-1);
  if (end?.type !== 'end') throw new Error(`The last event is ${end?.type}`);
  return { events, end, run: listRuns(context.journal).find(({ id }) => id === end.run) };
}
