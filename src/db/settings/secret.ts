/** What holds a password or a way to one: it is shown to nobody, and stands in no record. */
const SECRETS = new Set(['primary_conninfo', 'ssl_passphrase_command', 'krb_server_keyfile']);

/** Of extensions, whose names are their own. */
const SECRET_WORDS = /password|passwd|passphrase|secret|token|api_?key|credential/i;

/** Settings of the server itself that have such a word in their name and hold none. */
const PLAIN = new Set(['password_encryption', 'ssl_passphrase_command_supports_reload']);

export const HIDDEN = '********';

/** Whether the value of a setting is kept from everybody. */
export function isSecret(name: string): boolean {
  const plain = name.toLowerCase();
  if (PLAIN.has(plain)) return false;
  return SECRETS.has(plain) || (plain.includes('.') && SECRET_WORDS.test(plain));
}

/** A value as it may be shown: nothing tells more than that there is one. */
export function hidden(name: string, value: string): string;
export function hidden(name: string, value: string | null): string | null;
export function hidden(name: string, value: string | null): string | null {
  return value === null || value === '' || !isSecret(name) ? value : HIDDEN;
}
