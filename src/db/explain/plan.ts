import { z } from 'zod';

/** Milliseconds, rows and blocks as EXPLAIN's JSON has them; what is not asked for is absent. */
const number = z.number().optional();

const facts = z.looseObject({
  'Node Type': z.string(),
  'Startup Cost': number,
  'Total Cost': number,
  'Plan Rows': number,
  'Actual Total Time': number,
  'Actual Rows': number,
  'Actual Loops': number,
});

/** A node of a plan: its facts by EXPLAIN's own names, and the nodes that feed it. */
export type PlanNode = z.output<typeof facts> & { readonly Plans?: readonly PlanNode[] | undefined };

const node: z.ZodType<PlanNode> = z.lazy(() => facts.extend({ Plans: z.array(node).optional() }));

const statement = z.looseObject({
  Plan: node,
  'Planning Time': number,
  'Execution Time': number,
  Triggers: z.array(z.looseObject({ 'Trigger Name': z.string(), Time: number, Calls: number })).optional(),
});

/** A plan as the server gives it: for one statement, or for each that rules have made of it. */
export type PlanDocument = readonly z.output<typeof statement>[];

const document = z.array(statement).min(1);

/**
 * What EXPLAIN (FORMAT JSON) has answered, `raw` as it came. Throws ZodError for what is no plan: `NOTIFY` by a rule is
 * answered with a bare word.
 */
export function readPlan(answer: unknown): { readonly plans: PlanDocument; readonly raw: unknown } {
  const raw: unknown = typeof answer === 'string' ? JSON.parse(answer) : answer;
  const plans = Array.isArray(raw) ? raw.filter((one) => typeof one === 'object') : raw;
  return { plans: document.parse(plans), raw };
}
