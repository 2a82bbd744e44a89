import { OpError } from '../error.ts';
import { FORMAT_VERSION, type SchemaSnapshot, snapshotSchema } from './format.ts';

/** A snapshot from the text of a file; `file` is for the message. Throws {@link OpError}. */
export function parseSnapshot(text: string, file: string): SchemaSnapshot {
  const refuse = (why: string, cause?: unknown) =>
    new OpError(
      'refused',
      `${file} ${why}`,
      'Make one with: pgdeck schema snapshot --out schema.json',
      cause,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse('is not JSON.', error);
  }
  const version = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof version === 'number' && version > FORMAT_VERSION)
    throw refuse(`was made by a newer pgdeck (format ${version}, this one reads ${FORMAT_VERSION}).`);
  const parsed = snapshotSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw refuse(`is no snapshot of a schema: ${at}${issue?.message ?? ''}.`);
}
