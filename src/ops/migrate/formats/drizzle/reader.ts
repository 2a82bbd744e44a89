import { createHash } from 'node:crypto';
import type { FormatReader } from '../shared/format.ts';
import { compareTexts, whole } from '../shared/text.ts';

/** Drizzle: `NNNN_name.sql`; the journal beside says which are migrations, and in what order. */
export const reader: FormatReader = {
  unmarked: true,
  fileName: (file) => {
    const [, tag] = /^([^/]+)\.sql$/.exec(file) ?? [];
    return tag === undefined ? undefined : { ...partsOf(tag), direction: 'up' };
  },
  claims: () => false,
  parts: (text, name) => whole(ended(text), name),
  // drizzle-orm 0.45 hashes the text as it is, 1.0 with the line ends of Unix
  sums: (text) => [sumOf(text), sumOf(text.replaceAll('\r\n', '\n'))],
  isVersion: () => true,
  compare: (a, b) => compareTexts(a.version, b.version),
};

/** A prefix of drizzle-kit's (`index`, `timestamp`, `unix`) is the version; without one all of it is. */
export function partsOf(tag: string): { readonly version: string; readonly name: string } {
  const [, version = tag, name = tag] = /^(\d+)_(.+)$/.exec(tag) ?? [];
  return { version, name };
}

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * What stands before a breakpoint is sent by itself, and needs no semicolon. It is put right before the breakpoint: the
 * line above may end in a comment.
 */
const ended = (text: string): string => text.replaceAll(BREAKPOINT, `;${BREAKPOINT}`);

const BREAKPOINT = '--> statement-breakpoint';
