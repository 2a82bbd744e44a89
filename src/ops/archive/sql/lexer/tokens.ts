import { AMP, DIGIT, DOLLAR, DQ, IDENT_START, SQ, TAG } from './characters.ts';
import type { QuotedKind } from './quoted.ts';

/** A token at a place: where it ends, or why it is not read. */
export interface Found {
  readonly end: number;
  readonly wrong?: string;
}

const NUMBER = /^\d[\d_]*(\.[\d_.]*)?(e\d*)?$|^0[xob][0-9a-f_]+$/i;
const DOT = 46;

/**
 * A number; undefined when its end is not there yet. Psql before 16 ends one at a letter, later ones do not: a quote or a
 * word after it would be read differently.
 */
export function numberAt(text: Buffer, from: number, final: boolean): Found | undefined {
  let at = from + 1;
  while (at < text.length && (TAG[text[at] as number] === 1 || text[at] === DOT)) at++;
  if (at === text.length && !final) return undefined;
  const word = text.toString('latin1', from, at);
  const quoted = [SQ, DOLLAR, AMP].includes(text[at] ?? 0) && /[a-z]$/i.test(word);
  if (!quoted && NUMBER.test(word)) return { end: at };
  return { end: at, wrong: `the number ${word.slice(0, 20)} with a word or a string behind it` };
}

/** A parameter, the tag of a dollar quote, or a dollar and nothing more; undefined when its end is not there yet. */
export function dollarAt(
  text: Buffer,
  from: number,
  final: boolean,
): (Found & { readonly tag?: Buffer }) | undefined {
  let at = from + 1;
  const parameter = DIGIT[text[at] ?? 0] === 1;
  const part = parameter ? DIGIT : TAG;
  while (at < text.length && part[text[at] as number] === 1) at++;
  if (at === text.length && !final) return undefined;
  if (parameter)
    return IDENT_START[text[at] ?? 0] === 1
      ? { end: at, wrong: 'a parameter with a word behind it' }
      : { end: at };
  if (text[at] !== DOLLAR) return { end: from + 1 };
  return { end: at + 1, tag: Buffer.from(text.subarray(from, at + 1)) };
}

/** What a word of one letter begins, and the length of it with its quote; undefined where it is only a word. */
export function prefixAt(
  text: Buffer,
  from: number,
):
  | { readonly kind: Extract<QuotedKind, 'escape string' | 'raw string' | 'name'>; readonly length: number }
  | undefined {
  const letter = String.fromCharCode(text[from] as number).toLowerCase();
  const [next, last] = [text[from + 1], text[from + 2]];
  if (next === SQ && letter === 'e') return { kind: 'escape string', length: 2 };
  if (next === SQ && (letter === 'b' || letter === 'x')) return { kind: 'raw string', length: 2 };
  if (next !== AMP || letter !== 'u') return undefined;
  if (last === SQ) return { kind: 'raw string', length: 3 };
  return last === DQ ? { kind: 'name', length: 3 } : undefined;
}
