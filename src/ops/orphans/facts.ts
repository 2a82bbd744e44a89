import { z } from 'zod';

/** The key of a run, as it was before and as the run has made it. */
const keySchema = z.object({
  schema: z.string(),
  table: z.string(),
  name: z.string(),
  columns: z.array(z.string()),
  /** Without NOT VALID. */
  definition: z.string(),
  comment: z.string().nullable(),
  /** What it says as data: the server writes it in its own words once it is made. */
  shape: z.string(),
  /** How it was before the run. */
  was: z.enum(['missing', 'not_valid']),
});
export type KeyFacts = z.output<typeof keySchema>;

const factsSchema = z.looseObject({
  key: keySchema.optional(),
  archive: z
    .object({ directory: z.string(), what: z.enum(['deleted', 'set_null']), finished: z.boolean() })
    .nullish(),
  /** Of a run of undo: the key was dropped so that rows could come back. */
  dropped: keySchema.optional(),
});

export type Facts = z.output<typeof factsSchema>;

/** What a run of this family has recorded. Throws ZodError for what it has not written. */
export function readFacts(facts: Readonly<Record<string, unknown>>): Facts {
  return factsSchema.parse(facts);
}
