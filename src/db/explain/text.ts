/** What in a text is no SQL of its own, and, captured, the number of a parameter. */
const PARAMETER =
  /[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|\$(\d+)/g;

/** The types of which a constant is written with their name before it. */
const TYPED =
  /(?<![\w."$])((?:date|timestamptz|timetz|interval|(?:timestamp|time)(?:\s*\(\d\))?(?:\s+with(?:out)?\s+time\s+zone)?))\s+$/i;

/** What `interval '1' day` has behind its constant: a cast takes it as `interval day`. */
const FIELDS =
  /^\s+((?:year|month|day|hour|minute)(?:\s+to\s+(?:month|hour|minute|second))?|second)\b(?!\s*\()/i;

/** The field of `extract(year from x)`, which is a constant to pg_stat_statements and a word to the grammar. */
const EXTRACT = /(?<![\w."$])extract\s*\(\s*$/i;
const FROM = /^\s+from\b/i;

/**
 * A statement as pg_stat_statements keeps it, in a form that a server reads: a constant such as `date '2026-01-01'` is
 * kept as `date $1`, and `extract(year from x)` as `extract($1 from x)`, which none does (18 neither). They are written as
 * a cast, and as `date_part($1, x)`. What is quoted or a comment is left as it is.
 */
export function readable(query: string): string {
  let at = 0;
  let done = '';
  for (const found of query.matchAll(PARAMETER)) {
    const before = query.slice(at, found.index);
    at = found.index + found[0].length;
    if (found[2] === undefined) {
      done += before + found[0];
      continue;
    }
    const behind = query.slice(at);
    const [typed, type] = TYPED.exec(before) ?? [];
    const [call] = EXTRACT.exec(before) ?? [];
    const [from = ''] = FROM.exec(behind) ?? [];
    if (typed !== undefined && type !== undefined) {
      const [fields = ''] = (/^interval$/i.test(type) && FIELDS.exec(behind)) || [];
      done += `${before.slice(0, -typed.length)}${found[0]}::${type}${fields}`;
      at += fields.length;
    } else if (call !== undefined && from !== '') {
      done += `${before.slice(0, -call.length)}pg_catalog.date_part(${found[0]},`;
      at += from.length;
    } else done += before + found[0];
  }
  return done + query.slice(at);
}

/** The numbers of the parameters that a text has, each once. */
export function parametersOf(query: string): ReadonlySet<number> {
  return new Set([...query.matchAll(PARAMETER)].flatMap((match) => match[2] ?? []).map(Number));
}
