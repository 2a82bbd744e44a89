import { z } from 'zod';
import { keptOf, keptSchema } from '../kept.ts';
import type { IndexFacts } from '../queries/facts.ts';

/** An index that a run has made, or that it has attached to one. */
export const madeSchema = keptSchema.extend({
  /** Of a partitioned table. */
  partitioned: z.boolean(),
  /** It was there before. */
  attached: z.boolean(),
});
export type Made = z.output<typeof madeSchema>;

export const madeFacts = z.object({ made: z.array(madeSchema) });

export function madeOf(facts: IndexFacts, attached = false): Made {
  return { ...keptOf(facts, facts.definition ?? ''), partitioned: facts.kind === 'I', attached };
}
