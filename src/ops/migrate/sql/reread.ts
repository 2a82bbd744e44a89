import type { Parser } from '../../sql/parser.ts';
import { readSection } from './section.ts';
import type { Piece } from './split.ts';
import type { Section } from './statement.ts';

/** Characters of SQL that are kept; their trees are many times as large. */
const MOST = 2 * 1024 * 1024;

const kept = new Map<string, Section>();
let size = 0;

/**
 * As {@link readSection}, and what was read before is not parsed again: a run reads its files six times, to know that
 * none has changed meanwhile, and hundreds of them take a second each time. Kept by the text itself, the newest first.
 */
export function rereadSection(parser: Parser, piece: Piece, alone?: string): Section {
  const key = [piece.file, piece.line, alone ?? '', piece.sql].join('\0');
  const known = kept.get(key);
  if (known !== undefined) return known;
  const section = readSection(parser, piece, alone);
  kept.set(key, section);
  size += piece.sql.length;
  for (const [oldest, { sql }] of kept) {
    if (size <= MOST) break;
    kept.delete(oldest);
    size -= sql.length;
  }
  return section;
}
