import { quoteIdent } from '../../db/ident.ts';

/** What was found wrong in a text, and where: line and column from 1. */
export interface Trouble {
  readonly line: number;
  readonly column: number;
  readonly what: string;
}

export interface Filled {
  readonly sql: string;
  /** Names of the variables that stand in it. */
  readonly used: ReadonlySet<string>;
  readonly trouble: Trouble | undefined;
}

/** What no variable and no command stands in: strings, quoted names, bodies, comments; and what only looks like one. */
const PASSED =
  /--[^\n]*|(?<![\w$])[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$|::|:=|=:/y;
const VARIABLE =
  /:(?:([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|'([\w\u0080-\uffff]+)'|"([\w\u0080-\uffff]+)")/y;
const COMMAND = /\\(\S*)/y;

/** What is done instead of a command of psql. */
const INSTEAD: Readonly<Record<string, string>> = {
  i: 'run that file by itself, or put it into this one',
  ir: 'run that file by itself, or put it into this one',
  include: 'run that file by itself, or put it into this one',
  copy: 'write INSERTs, or load the data with psql',
  c: 'name the database with -d, and run one file for each',
  connect: 'name the database with -d, and run one file for each',
  '!': 'run the command beside pgdeck, before or after',
  set: 'give the value with --set NAME=VALUE',
  gset: 'give the value with --set NAME=VALUE',
  gexec: 'write the statements themselves, or a DO block',
  if: 'write a DO block with IF, or two files',
};

/**
 * Puts values in the place of `:name`, `:'name'` and `:"name"`, as psql does: as it is, as a string, as a name. In brackets
 * what is not given stays: there it is the bound of a slice. Commands of psql are not for the server.
 */
export function fillIn(sql: string, values: ReadonlyMap<string, string>): Filled {
  const used = new Set<string>();
  let filled = '';
  let brackets = 0;
  let at = 0;
  const found = (what: string): Filled => ({ sql: filled, used, trouble: { ...placeOf(sql, at), what } });
  while (at < sql.length) {
    const skipped = passed(sql, at);
    if (skipped > 0) {
      filled += sql.slice(at, at + skipped);
      at += skipped;
      continue;
    }
    const here = sql[at] ?? '';
    if (here === '\\') {
      COMMAND.lastIndex = at;
      const name = COMMAND.exec(sql)?.[1] ?? '';
      const instead = INSTEAD[name] ?? 'write it as SQL, or run the file with psql';
      return found(`\\${name} is a command of psql, which the server does not know: ${instead}.`);
    }
    if (here === '[') brackets += 1;
    if (here === ']') brackets -= 1;
    VARIABLE.lastIndex = at;
    const variable = here === ':' ? VARIABLE.exec(sql) : null;
    if (variable !== null) {
      const [whole, plain, text, ident] = variable;
      const name = plain ?? text ?? ident ?? '';
      const value = values.get(name);
      if (value === undefined && brackets === 0)
        return found(`The variable ${whole} has no value: give it with --set ${name}=VALUE.`);
      if (value !== undefined) used.add(name);
      filled +=
        value === undefined
          ? whole
          : text !== undefined
            ? literal(value)
            : ident !== undefined
              ? quoteIdent(value)
              : value;
      at += whole.length;
      continue;
    }
    filled += here;
    at += 1;
  }
  return { sql: filled, used, trouble: undefined };
}

/** As psql writes it, whatever standard_conforming_strings is. */
function literal(value: string): string {
  const doubled = value.replaceAll("'", "''");
  return value.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

function passed(sql: string, at: number): number {
  if (sql.startsWith('/*', at)) return commentEnd(sql, at) - at;
  PASSED.lastIndex = at;
  return PASSED.exec(sql)?.[0].length ?? 0;
}

/** Comments in C's style may be nested. */
function commentEnd(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 };
}
