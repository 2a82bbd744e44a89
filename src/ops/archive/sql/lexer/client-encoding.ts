/** PostgreSQL compares names of encodings by letters and digits alone. */
function cleaned(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Length of a character by its first byte, which is not ASCII, and the one after it. */
export type CharLength = (first: number, second: number) => number;

const two: CharLength = () => 2;
const sjis: CharLength = (first) => (first >= 0xa1 && first <= 0xdf ? 1 : 2);
const gb18030: CharLength = (_, second) => (second >= 0x30 && second <= 0x39 ? 4 : 2);
const johab: CharLength = (first) => (first === 0x8f ? 3 : 2);

/**
 * Encodings of clients only, whose characters may hold bytes that are ASCII elsewhere: a backslash in the second byte
 * is none. As pg_encoding_mblen in PostgreSQL's wchar.c.
 */
const UNSAFE: Readonly<Record<string, CharLength>> = {
  sjis,
  mskanji: sjis,
  shiftjis: sjis,
  win932: sjis,
  windows932: sjis,
  shiftjis2004: sjis,
  big5: two,
  win950: two,
  windows950: two,
  gbk: two,
  win936: two,
  windows936: two,
  uhc: two,
  win949: two,
  windows949: two,
  johab,
  gb18030,
};

/** All others that there are: their bytes above ASCII stay above it. */
const SAFE =
  /^(utf8|unicode|sqlascii|latin([1-9]|10)|iso8859\d+|win(12\d\d|866|874)?|windows(12\d\d|866|874)|alt|koi8[ru]?|euc(cn|jp|jis2004|kr|tw)|muleinternal|abc|tcvn(5712)?|vscii)$/;

/** How long characters are; undefined where bytes are told apart without it; null for an encoding that is none. */
export function charLength(encoding: string): CharLength | undefined | null {
  const name = cleaned(encoding);
  return UNSAFE[name] ?? (SAFE.test(name) ? undefined : null);
}
