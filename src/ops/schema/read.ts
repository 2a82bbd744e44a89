import { schemaErrors } from './errors.ts';
import { FORMAT_VERSION, keyOf, type SchemaSnapshot, snapshotSchema } from './format.ts';

/** A snapshot from the text of a file; `file` is for the message. Throws OpError. */
export function parseSnapshot(text: string, file: string): SchemaSnapshot {
  return snapshotIn(parseJson(text, file), file);
}

/** What is in a file of JSON; some editors begin it with a byte order mark. Throws OpError. */
export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw schemaErrors.notJson({ file }, error);
  }
}

/** The value as a snapshot. Throws OpError, also where one object is told twice: nobody knows which one holds. */
export function snapshotIn(value: unknown, file: string): SchemaSnapshot {
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > FORMAT_VERSION)
    throw schemaErrors.newer({ file, version, reads: FORMAT_VERSION });
  const parsed = snapshotSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw schemaErrors.noSnapshot({ file, at: issue?.path.join('.') ?? '', why: issue?.message ?? '' });
  }
  const seen = new Set<string>();
  for (const [at, object] of parsed.data.objects.entries()) {
    const key = keyOf(object);
    if (seen.has(key))
      throw schemaErrors.noSnapshot({ file, at: `objects.${at}`, why: `${key} is told twice` });
    seen.add(key);
  }
  return parsed.data;
}
