const HIDDEN = '***';

/** Where a password can stand, whatever it is: as programs, drivers and libpq quote it in their messages. */
const WRITTEN: readonly RegExp[] = [
  // password=here, sslpassword='here', PGPASSWORD=here, DB_PASSWORD="here"
  /(\b\w*(?:password|passwd|pwd)["']?\s*=\s*)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)/gi,
  // 'password': 'here', as settings are printed
  /(\b\w*(?:password|passwd|pwd)["']?\s*:\s*)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/gi,
  // ALTER ROLE … PASSWORD 'here'
  /(\bPASSWORD\s+)(?:E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\2\$)/gi,
];

/** postgres://user:here@host, also with an @ in it; with a / in it. Within a word up to its last `@`: it may be long, and mean to be slow to read. */
const UP_TO_AT = /(?<!\S)\S*@/g;
const IN_URL = /(\b\w+:\/\/[^\s:@/]*:)(?:[^\s/?#]+|[^\s@]+)(?=@)/g;

/** A token of this length is no word of a path, an id or a statement; a shorter one of three kinds of characters is none. */
const LONG = 12;
const MIXED = 8;
const WORD = '[\\p{L}\\p{N}_]';
const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u];

/**
 * The passwords that were used, so that none is shown or written anywhere.
 *
 * Where a password can stand it is always replaced. Elsewhere, as in what a script prints, a known one is replaced as a
 * whole token (a random one within others, too), and only when it is none of the words that are printed anyway:
 * replacing `postgres` or `shop` would destroy paths and advice, and tell everybody what the password is.
 */
export class Secrets {
  readonly #known = new Set<string>();
  readonly #names: ReadonlySet<string>;
  #server: string | undefined;

  /** `names`: of the connection, which are printed: user, database, host. */
  constructor(names: readonly string[] = []) {
    this.#names = new Set(names);
  }

  /** Remembers one; returns it. */
  add<Password extends string | undefined>(password: Password): Password {
    if (password !== undefined && password !== '') this.#known.add(password);
    return password;
  }

  /** Remembers the one of the connection, with which programs connect too; returns it. */
  addServer(password: string | undefined): string | undefined {
    // others are remembered beside it: of roles that are made, of a second server
    this.#server = password || undefined;
    return this.add(password);
  }

  /** The password that the server was given, if it asked for one. */
  get server(): string | undefined {
    return this.#server;
  }

  /** The text with whatever is written as a password, and every known one that is no ordinary word, replaced. */
  redact(text: string): string {
    let clean = text.replace(UP_TO_AT, (word) => word.replace(IN_URL, `$1${HIDDEN}`));
    for (const pattern of WRITTEN) clean = clean.replace(pattern, `$1${HIDDEN}`);
    for (const token of this.#tokens()) clean = clean.replace(token, HIDDEN);
    return clean;
  }

  /** The same of every text within plain data. */
  redactAll(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    if (Array.isArray(value)) return value.map((one) => this.redactAll(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.redactAll(one)]));
  }

  /** The longest first: one may be part of another. */
  #tokens(): RegExp[] {
    return [...this.#known]
      .filter((secret) => isStrong(secret) && !this.#names.has(secret))
      .flatMap(spellings)
      .sort((a, b) => b.length - a.length)
      .map(
        (one) => new RegExp(isRandom(one) ? escaped(one) : `(?<!${WORD})${escaped(one)}(?!${WORD})`, 'gu'),
      );
  }
}

const kindsOf = (secret: string): number => KINDS.filter((kind) => kind.test(secret)).length;

function isStrong(secret: string): boolean {
  return secret.length >= LONG || (secret.length >= MIXED && kindsOf(secret) >= 3);
}

/** Part of no other word by chance. */
function isRandom(secret: string): boolean {
  return secret.length >= LONG && kindsOf(secret) >= 3;
}

/** As it is, and as it is written in a URL, in SQL, in a connection string or password file, and in JSON. */
function spellings(secret: string): string[] {
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      secret.replaceAll("'", "''"),
      secret.replaceAll(/['\\]/g, '\\$&'),
      secret.replaceAll(/[\\:]/g, '\\$&'),
      JSON.stringify(secret).slice(1, -1),
    ]),
  ];
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
