/** Signs beyond letters, and what stands for them where only ASCII can be shown. */
export interface Marks {
  readonly cursor: string;
  readonly marked: string;
  readonly up: string;
  readonly down: string;
  readonly rule: string;
  readonly more: string;
  readonly dot: string;
}

const UNICODE: Marks = { cursor: '▶', marked: '*', up: '▲', down: '▼', rule: '─', more: '…', dot: '·' };
const ASCII: Marks = { cursor: '>', marked: '*', up: '^', down: 'v', rule: '-', more: '~', dot: '.' };

export function marksOf(deck: { readonly ascii: boolean }): Marks {
  return deck.ascii ? ASCII : UNICODE;
}
