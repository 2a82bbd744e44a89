import { inlined, literal } from './pooler/message.ts';
import { type Query, sqlFor } from './query.ts';
import type { Server } from './server.ts';

/**
 * A query with its parameters in its text: what is shown of it is what is sent, and runs in psql as it stands. Nothing
 * is prepared for it. `server` chooses the text where there are several.
 */
export function literalQuery<Input, Row>(
  query: Query<Input, Row>,
  input: Input,
  server?: Server,
): Query<void, Row> & { readonly text: string } {
  const sql = server === undefined ? query.variants[0]?.sql : sqlFor(query, server);
  const text = inlined(typeof sql === 'string' ? sql : '', query.params(input));
  return { ...query, text, variants: [{ sql: text }], params: () => [], once: true };
}

/** What is not known before it is sent, in words; a number as NaN. */
export class Later {
  readonly words: string;

  constructor(words: string) {
    this.words = words;
  }
}

/** A statement that is sent with parameters, as it is shown: its text, and what they stand for in a comment. */
export function withValues(text: string, values: readonly unknown[]): string {
  if (values.length === 0) return `${text};`;
  const said = values.map((value, at) => {
    const known = value instanceof Later ? value.words : Number.isNaN(value) ? '…' : literal(value).trim();
    // a comment ends with its line
    const shown = known.replaceAll(/\s+/g, ' ');
    return `$${at + 1} = ${shown}`;
  });
  return `${text};\n-- ${said.join(', ')}`;
}
