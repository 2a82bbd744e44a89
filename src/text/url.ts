/** Up to the last `@` of a word: a password may have one in it, and a slash. */
const LOGIN = /(\b\w+:\/\/[^\s"@:/]*:)[^\s"]+(?=@)/g;

/** A text in which the password of every URL is left out: what somebody has typed is said again by more than one sentence. */
export function withoutPasswords(text: string): string {
  return text.includes('://') ? text.replace(LOGIN, '$1…') : text;
}

/**
 * A word of the command line as a mistake is told: of a URL its scheme, for who knows the whole of it may get in, and of a
 * connection string all but the password.
 */
export function wordSaid(word: string): string {
  return word.replace(/(:\/\/|password\s*=).+$/is, '$1…');
}
