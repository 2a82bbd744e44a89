/** What a cell of SQLite holds, with integers in full. */
export type Cell = null | bigint | number | string | Uint8Array;

/** Why a cell cannot become a value of the type. */
export class Refusal {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The text that PostgreSQL reads the value from, null for NULL, or why there is none. */
export type Converted = string | null | Refusal;

/** `note` hears by what a value was understood where the type leaves a choice: `epoch_ms`. */
export type Converter = (cell: Cell, note: (what: string) => void) => Converted;

/** What a cell holds, in words. */
export function kindOf(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return 'text';
  if (typeof cell === 'bigint') return 'an integer';
  return typeof cell === 'number' ? 'a real' : 'a blob';
}

/** What a text is refused as that cannot be read as one. */
export const NO_UTF8 = 'a text whose bytes are no UTF-8';

const refusals = new Map<string, Refusal>();

/** One object a reason: a column may refuse a million values. */
export function refusal(reason: string): Refusal {
  const known = refusals.get(reason);
  if (known !== undefined) return known;
  const made = new Refusal(reason);
  refusals.set(reason, made);
  return made;
}
