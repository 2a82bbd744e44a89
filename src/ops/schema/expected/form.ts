import { expectedErrors } from './errors.ts';

/** Where an expected structure can be. */
export type Form =
  | { readonly kind: 'url'; readonly url: string }
  /** Another database of the same server. */
  | { readonly kind: 'database'; readonly name: string }
  /** Without a directory the usual ones. */
  | { readonly kind: 'migrations'; readonly dir: string | undefined }
  /** `newest`, an id or a path. */
  | { readonly kind: 'backup'; readonly id: string }
  /** A snapshot, a list, or the path or the id of a backup: what is there decides. */
  | { readonly kind: 'named'; readonly name: string };

/** Whether a text carries a password: it is not repeated to anybody. */
const PASSWORD = /\bpassword\s*=|^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*:[^/?#]*@/i;

/** Reads what `--against` was given. Throws OpError, which never repeats a text with a password in it. */
export function formOf(against: string): Form {
  const text = against.trim();
  if (text === '') throw expectedErrors.nothing();
  if (PASSWORD.test(text)) throw expectedErrors.password();
  if (/^postgres(ql)?:\/\//.test(text)) return { kind: 'url', url: text };
  const [, name] = /^database[ :](.+)$/s.exec(text) ?? [];
  if (name !== undefined) return { kind: 'database', name: name.trim() };
  if (text === 'migrations') return { kind: 'migrations', dir: undefined };
  const [, dir] = /^migrations:(.+)$/s.exec(text) ?? [];
  if (dir !== undefined) return { kind: 'migrations', dir };
  if (text === 'latest' || text === 'newest') return { kind: 'backup', id: 'newest' };
  return { kind: 'named', name: text };
}
