/** A word, a number, a string, a name in quotes, or one sign of SQL as SQLite reads it. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'blob' | 'number' | 'sign' | 'open' | 'close' | 'comma';
  /** As it is written. */
  readonly text: string;
  /** What is meant: of a name or a string without its quotes, of a word in upper case. */
  readonly value: string;
  /** Where it begins and ends in the text, in UTF-16 units. */
  readonly from: number;
  readonly to: number;
}

const SPACE = /[ \t\n\f\r]/;
const WORD = /[A-Za-z0-9_$\u0080-\uffff]/;
const SIGNS = ['->>', '||', '->', '<<', '>>', '<=', '>=', '==', '!=', '<>'];
const QUOTES: Readonly<Record<string, string>> = { '"': '"', '`': '`', '[': ']', "'": "'" };

/**
 * Cuts SQL of SQLite (3.53) into tokens, comments and space left out. A quote that is never closed reaches to the end, as
 * does a comment.
 */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: Token['kind'], to: number, value: string) => {
    tokens.push({ kind, text: sql.slice(at, to), value, from: at, to });
    at = to;
  };
  while (at < sql.length) {
    const sign = sql[at] ?? '';
    if (SPACE.test(sign)) at++;
    else if (sql.startsWith('--', at)) at = endOf(sql, '\n', at);
    else if (sql.startsWith('/*', at)) at = endOf(sql, '*/', at + 2);
    else if ((sign === 'x' || sign === 'X') && sql[at + 1] === "'") {
      const to = quoteEnd(sql, at + 1, "'");
      push('blob', to, sql.slice(at + 2, to - 1));
    } else if (QUOTES[sign] !== undefined) {
      const close = QUOTES[sign];
      const to = quoteEnd(sql, at, close);
      push(sign === "'" ? 'string' : 'name', to, unquoted(sql.slice(at + 1, to - 1), close));
    } else if (/[0-9]/.test(sign) || (sign === '.' && /[0-9]/.test(sql[at + 1] ?? ''))) {
      const [text = sign] = /^(0[xX][\da-fA-F_]+|[\d_]*\.?[\d_]*([eE][+-]?\d+)?)/.exec(sql.slice(at)) ?? [];
      push('number', at + text.length, text.replaceAll('_', ''));
    } else if (WORD.test(sign)) {
      let to = at;
      while (to < sql.length && WORD.test(sql[to] ?? '')) to++;
      push('word', to, sql.slice(at, to).toUpperCase());
    } else if (sign === '(') push('open', at + 1, sign);
    else if (sign === ')') push('close', at + 1, sign);
    else if (sign === ',') push('comma', at + 1, sign);
    else {
      const text = SIGNS.find((one) => sql.startsWith(one, at)) ?? sign;
      push('sign', at + text.length, text);
    }
  }
  return tokens;
}

function endOf(sql: string, mark: string, from: number): number {
  const at = sql.indexOf(mark, from);
  return at < 0 ? sql.length : at + mark.length;
}

/** Behind the quote that closes; one that is doubled closes nothing, but in brackets. */
function quoteEnd(sql: string, open: number, close: string): number {
  for (let at = open + 1; at < sql.length; at++) {
    if (sql[at] !== close) continue;
    if (close !== ']' && sql[at + 1] === close) at++;
    else return at + 1;
  }
  return sql.length;
}

const unquoted = (text: string, close: string): string =>
  close === ']' ? text : text.replaceAll(close + close, close);
