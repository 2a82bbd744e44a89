/** Signs beyond letters, and what stands for them where only ASCII can be shown. */
export interface Glyphs {
  readonly cursor: string;
  readonly marked: string;
  readonly up: string;
  readonly down: string;
  readonly rule: string;
  readonly more: string;
  readonly dot: string;
}

const UNICODE: Glyphs = { cursor: '▶', marked: '*', up: '▲', down: '▼', rule: '─', more: '…', dot: '·' };
const ASCII: Glyphs = { cursor: '>', marked: '*', up: '^', down: 'v', rule: '-', more: '~', dot: '.' };

export function glyphsOf(deck: { readonly ascii: boolean }): Glyphs {
  return deck.ascii ? ASCII : UNICODE;
}
