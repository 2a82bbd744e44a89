/** Bytes that mean something to psql. */
export const [LF, CR, SPACE, DQ, SQ, DOLLAR, OPEN, CLOSE, STAR, DASH, SLASH, COLON, SEMI, BACKSLASH, AMP] = [
  10, 13, 32, 34, 39, 36, 40, 41, 42, 45, 47, 58, 59, 92, 38,
];

export const IDENT_START = table(
  (c) => (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c >= 128,
);
export const DIGIT = table((c) => c >= 48 && c <= 57);
export const IDENT = table((c) => IDENT_START[c] === 1 || DIGIT[c] === 1 || c === DOLLAR);
export const TAG = table((c) => IDENT_START[c] === 1 || DIGIT[c] === 1);
export const BLANK = table((c) => c === SPACE || (c >= 9 && c <= 13));

function table(holds: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (holds(code) ? 1 : 0));
}
