import { z } from 'zod';

/**
 * `restoring`: being loaded; `verifying`: loaded for a test; `rehearsing`: migrations are tried in it; `before`,
 * `rolledback`: sealed ways back.
 */
export const MARKER_KINDS = ['restoring', 'verifying', 'rehearsing', 'before', 'rolledback'] as const;
export type MarkerKind = (typeof MARKER_KINDS)[number];

const markerSchema = z.object({
  pgdeck: z.enum(MARKER_KINDS),
  /** The database it belongs to, in full: its own name may have been cut. */
  target: z.string(),
  run: z.string(),
  /** The comment that the marker stands in for. */
  comment: z.string().nullable().default(null),
});

/** What pgdeck writes into the comment of a database that it has made or put aside. */
export type Marker = z.output<typeof markerSchema>;

/** The marker as the database's comment. */
export function writeMarker(marker: Marker): string {
  const { comment, ...rest } = marker;
  return JSON.stringify(comment === null ? rest : marker);
}

/** The marker in a database's comment; undefined when the comment is somebody else's. */
export function readMarker(comment: string | null): Marker | undefined {
  if (comment?.startsWith('{') !== true) return undefined;
  try {
    return markerSchema.parse(JSON.parse(comment));
  } catch {
    return undefined;
  }
}
