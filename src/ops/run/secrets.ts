const HIDDEN = '***';

/** A password in a connection string or URL, as programs quote them in their messages. */
const WRITTEN = [/(\bpassword\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)/gi, /(\b\w+:\/\/[^\s:@/]*:)([^\s@]+)(?=@)/g];

/** The passwords that were used, so that none is shown or written anywhere. */
export class Secrets {
  readonly #known = new Set<string>();

  /** Remembers one; returns it. */
  add<Password extends string | undefined>(password: Password): Password {
    if (password !== undefined && password !== '') this.#known.add(password);
    return password;
  }

  /** The password that the server was given, if it asked for one. */
  get last(): string | undefined {
    return [...this.#known].at(-1);
  }

  /** The text with every known password, and whatever is written as one, replaced. */
  redact(text: string): string {
    let clean = text;
    for (const pattern of WRITTEN) clean = clean.replace(pattern, `$1${HIDDEN}`);
    // longest first: one may be part of another
    for (const secret of [...this.#known].sort((a, b) => b.length - a.length))
      clean = clean.replaceAll(secret, HIDDEN);
    return clean;
  }
}
