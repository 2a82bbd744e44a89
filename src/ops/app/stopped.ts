import { z } from 'zod';

const clusterShape = { context: z.string().optional(), namespace: z.string().optional() };

/** What was stopped, with all that starting it as it was needs: it stands in the journal. */
const partSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('compose'),
    project: z.string(),
    directory: z.string(),
    files: z.array(z.string()),
    /** Those that ran. */
    services: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('kubectl'),
    ...clusterShape,
    deployment: z.string(),
    /** How many pods it had. */
    replicas: z.int().min(0),
  }),
  z.object({ kind: z.literal('systemctl'), units: z.array(z.string()), sudo: z.boolean().optional() }),
  z.object({ kind: z.literal('command'), start: z.string() }),
]);

export type StoppedPart = z.output<typeof partSchema>;

/** What a run keeps of the application: what it has begun to stop, and whether it was started again. */
export const appFactsSchema = z.object({
  app: z.array(partSchema).optional(),
  app_started: z.boolean().optional(),
});

/** What has to be started still; empty where nothing has. */
export function stoppedIn(facts: unknown): readonly StoppedPart[] {
  const { app = [], app_started } = appFactsSchema.parse(facts);
  return app_started === true ? [] : app;
}
