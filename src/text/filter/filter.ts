import { bytes, duration, parseDuration, percent } from '../units.ts';
import { characters } from '../width.ts';
import { type Pattern, patternOf } from './pattern.ts';

/**
 * What a field is: durations are in seconds, sizes in bytes, percentages shares of 1. Those of a text are its words as
 * they are shown and as the server has them.
 */
export type FieldKind = 'text' | 'number' | 'percent' | 'duration' | 'size';

/** Something that a filter asks for by its name. */
export interface FieldSpec {
  readonly name: string;
  /** Shorter names of the same. */
  readonly also?: readonly string[];
  readonly kind: FieldKind;
}

/** What is wrong with a filter. */
export interface Fault {
  /** Where it begins, in UTF-16 units from 0. */
  readonly at: number;
  /** Where the term begins that it is in; what stands before that is a filter. */
  readonly term: number;
  /** A sentence without its full stop, such as `age is a duration, and 30 has no unit`. */
  readonly message: string;
}

/** How a number is compared. */
export type Order = '>' | '<' | '>=' | '<=' | '=';

/** One of the things that all hold for a row that is looked for. */
export type Term<Field extends FieldSpec = FieldSpec> = { readonly not: boolean } & (
  | { readonly kind: 'word' /** In small letters. */; readonly word: string }
  | { readonly kind: 'pattern'; readonly pattern: Pattern }
  | { readonly kind: 'contains' | 'equals'; readonly field: Field; readonly word: string }
  | { readonly kind: 'fits'; readonly field: Field; readonly pattern: Pattern }
  | { readonly kind: 'compares'; readonly field: Field; readonly order: Order; readonly limit: number }
);

type Parsed<Field extends FieldSpec> = { readonly terms: readonly Term<Field>[] } | { readonly fault: Fault };

/** How a filter is written, for people: what is typed, and what it means. */
export const GRAMMAR: readonly (readonly [typed: string, meaning: string])[] = [
  ['word', 'in some column, upper and lower case alike'],
  ['"two words"', 'text with blanks, or with what would be a field: "id=5"'],
  ['/regex/', 'a pattern in some column; /regex/i for upper and lower case alike'],
  ['user:app', 'the field contains it; user:"a b", user:/^app/'],
  ['user=app', 'the field is it'],
  ['age>30s', 'more: also < >= <= =, with 30s 5m 1h30m, 10MB, 10k, 99%'],
  ['!term', 'leaves out what meets the term'],
];

/** Longest text that is a filter. */
export const LONGEST = 500;

/** How the values of each kind are typed. */
export const VALUES: Readonly<Record<FieldKind, string>> = {
  text: 'a word, "words" or /pattern/',
  number: 'a number such as 12 or 10k',
  percent: 'a percentage such as 99%',
  duration: 'a duration such as 30s, 5m or 1h30m',
  size: 'a size such as 10MB',
};

/** Ends reading: told as the fault of the whole. */
class Wrong extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/**
 * Reads `user:app age>30s wait:lock !idle "two words" /regex/i`: all of it must hold. A word stands for any column, `!`
 * before a term leaves out, and what looks like a field is one: a text such as id=5 is looked for in quotes.
 */
export function parseFilter<Field extends FieldSpec>(text: string, fields: readonly Field[]): Parsed<Field> {
  const reader = new Reader(text, fields);
  try {
    if (text.length > LONGEST) throw new Wrong(LONGEST, `a filter has ${LONGEST} characters at most`);
    return { terms: [...reader.terms()] };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { fault: { at: error.at, term: reader.begun, message: error.message } };
  }
}

/** `character 6: there is no field foo here …`, for a line of its own. */
export function faultText(text: string, { at, message }: Fault): string {
  return `character ${characters(text.slice(0, at)).length + 1}: ${message}`;
}

const OPERATOR = /^([a-z_][a-z0-9_]*)(:|>=|<=|>|<|=)/i;

/** What stands at one place: a word, words in quotes, or a pattern. */
type Piece = { readonly at: number } & ({ readonly word: string } | { readonly pattern: Pattern });

class Reader<Field extends FieldSpec> {
  readonly #text: string;
  readonly #fields: readonly Field[];
  #at = 0;
  /** Where the last term begins. */
  begun = 0;

  constructor(text: string, fields: readonly Field[]) {
    this.#text = text;
    this.#fields = fields;
  }

  *terms(): Generator<Term<Field>> {
    for (;;) {
      this.#at += /^\s*/.exec(this.#rest)?.[0].length ?? 0;
      if (this.#rest === '') return;
      this.begun = this.#at;
      const not = this.#rest.startsWith('!');
      if (not) this.#at++;
      // somebody begins to leave something out
      if (not && /^(\s|$)/.test(this.#rest)) continue;
      yield { ...this.#term(), not };
    }
  }

  /** One that must hold; what stands before it is read. */
  #term(): Term<Field> {
    const begin = this.#at;
    const [head, name, operator] = OPERATOR.exec(this.#rest) ?? [];
    if (head === undefined || name === undefined || operator === undefined) {
      const piece = this.#piece();
      if ('pattern' in piece) return { kind: 'pattern', pattern: piece.pattern, not: false };
      return { kind: 'word', word: piece.word.toLocaleLowerCase(), not: false };
    }
    const field = this.#field(name, begin);
    this.#at += head.length;
    return this.#asked(field, name.toLowerCase(), operator as ':' | Order);
  }

  #field(name: string, at: number): Field {
    const word = name.toLowerCase();
    const found = this.#fields.find((field) => field.name === word || field.also?.includes(word));
    if (found) return found;
    const names = this.#fields.map((field) => field.name).join(' ');
    throw new Wrong(at, `there is no field ${name}; text is looked for in quotes; fields: ${names}`);
  }

  /** @param name as it was typed: of several, the one that somebody looks for in what is wrong */
  #asked(field: Field, name: string, operator: ':' | Order): Term<Field> {
    const { kind } = field;
    if (/^(\s|$)/.test(this.#rest))
      throw new Wrong(this.#at, `${name}${operator} wants ${VALUES[kind]} behind it`);
    if (kind !== 'text') {
      const piece = this.#piece();
      const value = 'word' in piece ? READ[kind](piece.word) : undefined;
      const order = operator === ':' ? '=' : operator;
      if (value !== undefined) return { kind: 'compares', field, order, limit: value, not: false };
      const given = 'word' in piece ? piece.word : 'a pattern';
      throw new Wrong(piece.at, `${name} is ${VALUES[kind]}, and ${given} is none`);
    }
    if (operator !== ':' && operator !== '=')
      throw new Wrong(this.#at - operator.length, `${name} is text, which takes : and = only`);
    const piece = this.#piece();
    if ('pattern' in piece) return { kind: 'fits', field, pattern: piece.pattern, not: false };
    // everything contains nothing: what is meant is a row that has none
    const whole = operator === '=' || piece.word === '';
    return {
      ...{ kind: whole ? 'equals' : 'contains', field },
      ...{ word: piece.word.toLocaleLowerCase(), not: false },
    };
  }

  #piece(): Piece {
    if (this.#rest.startsWith('"')) return this.#quoted();
    if (this.#rest.startsWith('/')) return this.#pattern();
    const [word = ''] = /^\S+/.exec(this.#rest) ?? [];
    const piece = { at: this.#at, word };
    this.#at += word.length;
    return piece;
  }

  #quoted(): Piece {
    const at = this.#at;
    const [whole, inside] = /^"((?:\\.|[^"\\])*)"/.exec(this.#rest) ?? [];
    if (whole === undefined || inside === undefined) throw new Wrong(at, 'the quote is not closed');
    this.#at += whole.length;
    this.#ends('the quote');
    return { at, word: inside.replaceAll(/\\(["\\])/g, '$1') };
  }

  #pattern(): Piece {
    const at = this.#at;
    const [whole, source, flags = ''] =
      /^\/((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])*)\/([^\s]*)/.exec(this.#rest) ?? [];
    if (whole === undefined || source === undefined)
      throw new Wrong(at, 'the pattern is not closed by a /; a path is looked for in quotes');
    if (flags !== '' && flags !== 'i')
      throw new Wrong(
        at + whole.length - flags.length,
        `${flags} is no flag of a pattern: i is the only one`,
      );
    if (source === '') throw new Wrong(at, 'the pattern is empty');
    const pattern = patternOf(source, flags === 'i');
    if ('reason' in pattern) throw new Wrong(at, `the pattern cannot be used: ${pattern.reason}`);
    this.#at += whole.length;
    return { at, pattern };
  }

  #ends(what: string): void {
    if (!/^(\s|$)/.test(this.#rest)) throw new Wrong(this.#at, `a blank is expected behind ${what}`);
  }

  get #rest(): string {
    return this.#text.slice(this.#at);
  }
}

const SCALES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const UNITS: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** The value of a kind as it is typed; undefined for what is none. Nothing needs no unit. */
const READ: Readonly<Record<Exclude<FieldKind, 'text'>, (text: string) => number | undefined>> = {
  number: (text) => {
    const [, digits, scale = ''] = /^([+-]?\d+(?:\.\d+)?)([kmgt]?)$/i.exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits) * (SCALES[scale.toLowerCase()] ?? 1);
  },
  percent: (text) => {
    const [, digits] = /^(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits) / 100;
  },
  duration: (text) => (/^0+$/.test(text) ? 0 : parseDuration(text)),
  size: (text) => {
    if (/^0+$/.test(text)) return 0;
    const [, digits, unit] = /^([+-]?\d+(?:\.\d+)?)\s*(b|[kmgtp]i?b?)$/i.exec(text) ?? [];
    if (digits === undefined || unit === undefined) return undefined;
    return Number(digits) * 1024 ** (UNITS[unit.charAt(0).toLowerCase()] ?? 0);
  },
};

/** As values are shown: two that look the same are equal. */
const SHOWN: Readonly<Record<FieldKind, (value: number) => string>> = {
  text: String,
  number: String,
  percent,
  duration,
  size: bytes,
};

/** Whether a number is as a filter asks; what is not known is neither more nor less than anything. */
export function compares(kind: FieldKind, value: number | undefined, order: Order, limit: number): boolean {
  if (value === undefined || Number.isNaN(value)) return false;
  const equal = SHOWN[kind](value) === SHOWN[kind](limit);
  switch (order) {
    case '=':
      return equal;
    case '>':
      return value > limit;
    case '<':
      return value < limit;
    case '>=':
      return value >= limit || equal;
    case '<=':
      return value <= limit || equal;
  }
}
