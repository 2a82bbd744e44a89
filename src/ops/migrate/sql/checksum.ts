import { createHash } from 'node:crypto';
import type { Parser } from '../../sql/parser.ts';

/** Reading the tokens of a text this long takes a second: its lines are counted instead. */
const LONGEST = 1024 * 1024;

/**
 * A sum of what a text says: comments, blanks and line ends do not count, everything else does. It begins with how it
 * was made: `tokens:`, or `lines:` where the text is long or has no tokens.
 */
export function checksumOf(parser: Parser, sql: string): string {
  const tokens = sql.length > LONGEST ? undefined : parser.tokens(sql);
  const [how, parts] = tokens
    ? [
        'tokens',
        tokens.filter(({ tokenName }) => !/^(SQL|C)_COMMENT$/.test(tokenName)).map(({ text }) => text),
      ]
    : ['lines', sql.split('\n').map((line) => line.trim())];
  const hash = createHash('sha256');
  for (const part of parts) if (part !== '') hash.update(`${part.replaceAll('\r\n', '\n')}\0`);
  return `${how}:${hash.digest('hex')}`;
}
