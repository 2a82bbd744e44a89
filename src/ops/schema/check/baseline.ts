import { z } from 'zod';
import { schemaErrors } from '../errors.ts';
import { parseJson } from '../read.ts';

/** Issues that somebody knows of already, by their ids. */
export type Baseline = ReadonlySet<string>;

const baselineSchema = z.union([
  z.array(z.string().min(1)),
  z.object({ formatVersion: z.int(), issues: z.array(z.object({ id: z.string().min(1) })) }),
]);

const REPORT_VERSION = 1;

/** A former output of `schema check --json`, or a list of ids as JSON. Throws OpError. */
export function parseBaseline(text: string, file: string): Baseline {
  const value = parseJson(text, file);
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > REPORT_VERSION)
    throw schemaErrors.newer({ file, version, reads: REPORT_VERSION });
  const parsed = baselineSchema.safeParse(value);
  if (!parsed.success) throw schemaErrors.noBaseline({ file });
  return new Set(Array.isArray(parsed.data) ? parsed.data : parsed.data.issues.map(({ id }) => id));
}
