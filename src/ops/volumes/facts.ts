import { z } from 'zod';
import type { Run } from '../engine/journal/runs.ts';
import type { Place } from './replace.ts';

const factsSchema = z.object({
  volume: z
    .object({
      name: z.string(),
      source: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('volume'), name: z.string() }),
        z.object({ kind: z.literal('bind'), path: z.string() }),
      ]),
      kept: z.string().nullable(),
    })
    .optional(),
  volume_begun: z.boolean().optional(),
  volume_done: z.boolean().optional(),
  volume_back: z.boolean().optional(),
});

/** How far a run came with a volume; undefined where it has not begun with one. */
export function recordedIn({
  facts,
}: Pick<Run, 'facts'>):
  | { readonly place: Place; readonly begun: boolean; readonly done: boolean; readonly back: boolean }
  | undefined {
  const { volume, volume_begun, volume_done, volume_back } = factsSchema.parse(facts);
  if (volume === undefined) return undefined;
  return {
    place: { ...volume, kept: volume.kept ?? undefined },
    begun: volume_begun === true,
    done: volume_done === true,
    back: volume_back === true,
  };
}
