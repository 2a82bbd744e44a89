/** What a prefix says of the message behind it. */
export type PrefixField =
  | 'time'
  | 'epoch'
  | 'pid'
  | 'user'
  | 'database'
  | 'application'
  | 'host'
  | 'sqlstate'
  | 'sessionId'
  | 'backendType'
  | 'queryId';

/** A log_line_prefix that lines can be read by. */
export interface Prefix {
  /** Matches a whole prefix: what stands before the severity. */
  readonly pattern: RegExp;
  /** What its groups are, in their order. */
  readonly fields: readonly PrefixField[];
  /** It says when. */
  readonly timed: boolean;
}

const TIME = String.raw`\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d`;
const ZONE = '[A-Za-z0-9+-]{1,12}?';
/** No name is longer. */
const NAME = String.raw`[^\n]{0,64}?`;

interface Escape {
  readonly pattern: string;
  readonly field?: PrefixField;
}

/** The escapes of every version from 13 on. Those that a process without a session leaves out may be empty. */
const ESCAPES: Readonly<Record<string, Escape>> = {
  a: { pattern: String.raw`[^\n]{0,256}?`, field: 'application' },
  u: { pattern: NAME, field: 'user' },
  d: { pattern: NAME, field: 'database' },
  r: { pattern: String.raw`[^\s()]{0,256}?(?:\(\d*\))?`, field: 'host' },
  h: { pattern: String.raw`[^\s()]{0,256}?`, field: 'host' },
  L: { pattern: String.raw`[^\s()]{0,256}?` },
  b: { pattern: NAME, field: 'backendType' },
  p: { pattern: String.raw`\d+`, field: 'pid' },
  P: { pattern: String.raw`\d*` },
  t: { pattern: `${TIME} ${ZONE}`, field: 'time' },
  m: { pattern: String.raw`${TIME}\.\d{3} ${ZONE}`, field: 'time' },
  n: { pattern: String.raw`\d+\.\d{3}`, field: 'epoch' },
  i: { pattern: NAME },
  e: { pattern: '[0-9A-Z]{5}', field: 'sqlstate' },
  c: { pattern: String.raw`[0-9a-f]+\.[0-9a-f]+`, field: 'sessionId' },
  l: { pattern: String.raw`\d+` },
  s: { pattern: `${TIME} ${ZONE}` },
  v: { pattern: String.raw`(?:-?\d+/\d+)?` },
  x: { pattern: String.raw`\d+` },
  Q: { pattern: String.raw`-?\d+`, field: 'queryId' },
};

/** Reads log_line_prefix. */
export function readPrefix(setting: string): Prefix {
  const fields: PrefixField[] = [];
  let pattern = '';
  let optional = false;
  for (const [all, padding = '', letter] of setting.matchAll(/%(-?\d+)?([^\d-])|[\s\S]/gu)) {
    if (letter === undefined || letter === '%') {
      pattern += literal(letter ?? all);
    } else if (letter === 'q') {
      // processes without a session end here
      if (!optional) pattern += '(?:';
      optional = true;
    } else {
      const known = ESCAPES[letter];
      // one that is not known is written as nothing
      if (known === undefined) continue;
      pattern += padded(group(known, fields), padding);
    }
  }
  if (optional) pattern += ')?';
  return {
    pattern: new RegExp(`^${pattern}$`, 'u'),
    fields,
    timed: fields.includes('time') || fields.includes('epoch'),
  };
}

/** The first of a kind is read; a second one says the same. */
function group({ pattern, field }: Escape, fields: PrefixField[]): string {
  if (field === undefined || fields.includes(field)) return `(?:${pattern})`;
  fields.push(field);
  return `(${pattern})`;
}

function padded(pattern: string, padding: string): string {
  if (padding === '') return pattern;
  return padding.startsWith('-') ? `${pattern} *` : ` *${pattern}`;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/u, String.raw`\$&`);
}
