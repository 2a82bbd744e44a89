import type { FileName, Parts } from './format.ts';

/** A line of a file that means something to the tool. */
export interface Mark {
  /** What stands after the mark's name. */
  readonly rest: string;
  /** Index of its line's first character. */
  readonly start: number;
  /** Index after its line. */
  readonly end: number;
  readonly line: number;
}

/** Where a line ends for the server: a lone CR does it, too. */
const LINE_END = /\r\n?|\n|$/g;

/** The lines that match; the pattern has the flags g and m, and its last group is what comes after the mark. */
export function marksOf(text: string, pattern: RegExp): Mark[] {
  return [...text.matchAll(pattern)].map((match) => {
    const matched = match.index + match[0].length;
    LINE_END.lastIndex = matched;
    const { 0: ending, index } = LINE_END.exec(text) as RegExpExecArray;
    return {
      // what ends a line for the pattern only, such as U+2028, does not for the server
      rest: `${match.at(-1) ?? ''}${text.slice(matched, index)}`.trim(),
      start: match.index,
      end: index + ending.length,
      line: lineOf(text, match.index),
    };
  });
}

export const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

export const compareNumbers = (a: string, b: string): number => {
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** A column of type bigint holds it. */
export const isBigint = (digits: string): boolean => BigInt(digits) <= 9_223_372_036_854_775_807n;

export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Without leading zeros, as a column of numbers has it. */
export const plainNumber = (digits: string): string => String(BigInt(digits));

export const bad = (error: string): Parts => ({ ok: false, error });

/** A file that is one way, whole. `alone`: why it is not run in a transaction. */
export const whole = (sql: string, { direction }: Pick<FileName, 'direction'>, alone?: string): Parts => ({
  ok: true,
  [direction === 'down' ? 'down' : 'up']: { sql, line: 1, ...(alone !== undefined && { alone }) },
});
