import { quoteLiteral } from '../../../db/ident.ts';
import type { How } from '../convert/how.ts';
import { type Cell, Refusal } from '../convert/value.ts';
import { tokensOf } from '../source/sql/tokens.ts';
import { type Columns, type Translated, translate } from './translate.ts';

/** Ways to say now, without blanks, and the type that each gives in SQLite. */
const NOW: readonly (readonly [RegExp, 'time' | 'day' | 'clock' | 'epoch'])[] = [
  [
    /^current_timestamp$|^datetime\('now'\)$|^datetime\(\)$|^strftime\('%Y-%m-%d[ T]%H:%M:%(S|f|SZ|fZ)','now'\)$/i,
    'time',
  ],
  [/^current_date$|^date\('now'\)$|^date\(\)$/i, 'day'],
  [/^current_time$|^time\('now'\)$|^time\(\)$/i, 'clock'],
  [/^unixepoch\(('now')?\)$|^(cast\()?strftime\('%s','now'\)(asinteger\))?$/i, 'epoch'],
];
const UTC = "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')";

/** What a text of SQLite is in a column of text, as SQLite writes it. */
const AS_TEXT = {
  time: `to_char(${UTC}, 'YYYY-MM-DD HH24:MI:SS')`,
  day: `to_char(${UTC}, 'YYYY-MM-DD')`,
  clock: `to_char(${UTC}, 'HH24:MI:SS')`,
  epoch: 'floor(extract(epoch FROM CURRENT_TIMESTAMP))::bigint::text',
};

/** The default of a column for the type that it gets; undefined where it is none, which is NULL. */
export async function defaultOf(text: string, how: How, columns: Columns): Promise<Translated | undefined> {
  const bare = unwrapped(text.trim());
  const cell = literal(bare);
  if (cell === null) return undefined;
  if (cell !== undefined) {
    const value = how.convert(cell, () => {});
    if (value instanceof Refusal) return { why: `${value.reason}, in a column of type ${how.type}` };
    return value === null ? undefined : { sql: quoteLiteral(value).trim() };
  }
  const dense = bare.replace(/\s+(?=[^']*(?:'[^']*'[^']*)*$)/g, '');
  const now = NOW.find(([pattern]) => pattern.test(dense))?.[1];
  if (now !== undefined) return nowOf(now, how.type);
  if (/^lower\(hex\(randomblob\(16\)\)\)$/i.test(dense))
    return { sql: how.type === 'uuid' ? 'gen_random_uuid()' : "replace(gen_random_uuid()::text, '-', '')" };
  const made = await translate(bare, columns);
  return made;
}

/** Without the parentheses around all of it. */
function unwrapped(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  const tokens = tokensOf(text);
  for (const [at, { kind }] of tokens.entries()) {
    if (kind === 'open') depth++;
    if (kind === 'close' && --depth === 0 && at < tokens.length - 1) return text;
  }
  return unwrapped(text.slice(1, -1).trim());
}

/** The value that is written there; null for NULL, undefined for an expression. */
function literal(text: string): Cell | undefined {
  const tokens = tokensOf(text);
  const sign = tokens[0]?.text === '-' || tokens[0]?.text === '+' ? tokens[0].text : '';
  const [token, more] = sign === '' ? tokens : tokens.slice(1);
  if (token === undefined || more !== undefined) return undefined;
  if (token.kind === 'number') {
    const digits = `${sign}${token.value}`;
    if (/^[+-]?\d+$/.test(digits)) return BigInt(digits.replace('+', ''));
    return /^[+-]?0x/i.test(digits) ? BigInt(token.value) * (sign === '-' ? -1n : 1n) : Number(digits);
  }
  if (sign !== '') return undefined;
  if (token.kind === 'string') return token.value;
  if (token.kind === 'name') return token.text.startsWith('"') ? token.value : undefined;
  if (token.kind === 'blob') return Buffer.from(token.value, 'hex');
  if (token.value === 'NULL') return null;
  if (token.value === 'TRUE') return 1n;
  return token.value === 'FALSE' ? 0n : undefined;
}

function nowOf(what: keyof typeof AS_TEXT, type: string): Translated {
  if (/^(text|character varying)/.test(type)) return { sql: AS_TEXT[what] };
  if (type === 'timestamp with time zone' && what !== 'clock') return { sql: 'CURRENT_TIMESTAMP' };
  if (type === 'timestamp without time zone' && what !== 'clock') return { sql: UTC };
  if (type === 'date' && what !== 'clock') return { sql: `${UTC}::date` };
  if (type === 'time without time zone' && what !== 'epoch' && what !== 'day') return { sql: `${UTC}::time` };
  const number = /^(smallint|integer|bigint|numeric|double)/.test(type);
  if (number && what === 'epoch') return { sql: 'floor(extract(epoch FROM CURRENT_TIMESTAMP))::bigint' };
  return { why: `it gives no ${type}` };
}
