/** What stands for one. */
export const HIDDEN = '***';

/** A literal of SQL, also one that the text ends within. */
const LITERAL = String.raw`(?:[eEnNxXbB]|[uU]&)?'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|\$(\w*)\$[\s\S]*?(?:\$\2\$|$)`;

/** Where a password can stand in a statement or a message. */
const WRITTEN: readonly RegExp[] = [
  // CREATE ROLE … PASSWORD 'here', OPTIONS (password 'here')
  new RegExp(String.raw`(\b(?:ssl)?password\s+)(?:${LITERAL}|"[^"]*(?:"|$))`, 'gi'),
  // password=here in a connection string, which stands in a literal itself
  /(\b\w*(?:password|passwd|pwd)\s*=\s*)(?:''(?:[^'\\]|\\.)*''|'(?:[^'\\]|\\.)*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$)|(?:\\.|[^\s'")\\])+)/gi,
  // {"password": "here"}, set_config('app.password', 'here')
  /((?:password|passwd|pwd)["']\s*[:,]\s*)(?:[eE]?'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$))/gi,
];

/** postgres://user:here@host, in what a word has up to its last `@`: what clients write may be long, and mean to be slow to read. */
const UP_TO_AT = /(?<!\S)\S*@/g;
const IN_URL = /(\b\w+:\/\/[^\s:@/]*:)(?:[^\s/?#]+|[^\s@]+)(?=@)/g;

/** A statement about roles: whatever it quotes may be a password, also behind a slip of the pen. */
export const ABOUT_ROLES = /\b(?:create|alter)\s+(?:role|user|group)\b/i;
const ANY_LITERAL = new RegExp(`()(?:${LITERAL})`, 'g');
/** One without its quotes, which is the commonest slip. */
const UNQUOTED = /(\bpassword\s+)(?!null\b|\*\*\*)[^\s;]+/gi;

/** A text of the log or a statement without what is written as a password in it. */
export function withoutPasswords(text: string): string {
  // most texts have none
  if (!/passw|pwd|:\/\/|role|user|group/i.test(text)) return text;
  let clean = text.replace(UP_TO_AT, (word) => word.replace(IN_URL, `$1${HIDDEN}`));
  for (const pattern of WRITTEN) clean = clean.replace(pattern, `$1${HIDDEN}`);
  return ABOUT_ROLES.test(clean)
    ? clean.replace(ANY_LITERAL, HIDDEN).replace(UNQUOTED, `$1${HIDDEN}`)
    : clean;
}
