import { quoteIdent } from '../../../db/ident.ts';

const PART = String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`;
const CHAIN = new RegExp(`(?:${PART})(?:\\.(?:${PART}))+`, 'gu');
const ONE = new RegExp(PART, 'gu');
const WHOLE = new RegExp(`^(?:${PART})(?:\\.(?:${PART}))*$`, 'u');

/** A name for SQL, each part quoted always. */
export function quoted(name: readonly string[]): string {
  return name.map(quoteIdent).join('.');
}

/** The parts of a name that the server wrote: `app."Order"`; undefined where it is none. */
export function partsOfName(text: string): string[] | undefined {
  if (!WHOLE.test(text)) return undefined;
  return (text.match(ONE) ?? []).map(bare);
}

/** Every qualified name that a text mentions, in strings too; each with its beginnings of two parts and more. */
export function namesIn(text: string): Set<string> {
  const found = new Set<string>();
  for (const chain of text.match(CHAIN) ?? []) {
    const parts = (chain.match(ONE) ?? []).map(bare);
    for (let n = 2; n <= parts.length; n++) found.add(keyOfName(parts.slice(0, n)));
  }
  return found;
}

/** For maps. */
export function keyOfName(name: readonly string[]): string {
  return JSON.stringify(name);
}

function bare(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
}
