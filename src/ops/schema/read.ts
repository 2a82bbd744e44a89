import { schemaErrors } from './errors.ts';
import { FORMAT_VERSION, type SchemaSnapshot, snapshotSchema } from './format.ts';

/** A snapshot from the text of a file; `file` is for the message. Throws OpError. */
export function parseSnapshot(text: string, file: string): SchemaSnapshot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw schemaErrors.notJson({ file }, error);
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > FORMAT_VERSION)
    throw schemaErrors.newer({ file, version, reads: FORMAT_VERSION });
  const parsed = snapshotSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw schemaErrors.noSnapshot({ file, at: issue?.path.join('.') ?? '', why: issue?.message ?? '' });
}
