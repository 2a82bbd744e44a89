import { countNewlines } from '../newlines.ts';
import { BlockDepth, LONGEST_KEYWORD } from './block-depth.ts';
import { type CharLength, charLength } from './client-encoding.ts';
import { endOfData } from './end-of-data.ts';
import { variableAt } from './variable.ts';

/** A word or number as it is, a quoted name without its quotes, a string as it is between its quotes, one character. */
export type TokenKind = 'word' | 'name' | 'string' | 'other';

/** What is told of what was read. */
export interface LexerListener {
  /** Every token; otherwise those outside parentheses only, strings and names without their text, no numbers. */
  readonly wants: boolean;
  /** It is `text` from `from` to `to`; nothing for what is too long to be a name or a setting. `depth` counts parentheses. */
  token(kind: TokenKind, text: Buffer, from: number, to: number, depth: number): void;
  /** A semicolon that ends the statement; true when rows follow. `inner`: psql waits for the end of a parenthesis or block. */
  semicolon(inner: boolean): boolean;
  /** Bytes of rows below COPY; `rows` are line feeds. */
  data(rows: number, bytes: number): void;
  dataEnd(): void;
  /** A command of psql, to the end of its line; where in the whole it begins and ends. */
  command(line: string, from: number, to: number): void;
}

/** Something that psql would act on, or that its versions read differently. Never text of the rows. */
export class Refusal extends Error {
  readonly line: number;

  constructor(line: number, what: string) {
    super(what);
    this.line = line;
  }
}

const [LF, CR, SPACE, DQ, SQ, DOLLAR, OPEN, CLOSE, STAR, DASH, SLASH, COLON, SEMI, BACKSLASH, AMP] = [
  10, 13, 32, 34, 39, 36, 40, 41, 42, 45, 47, 58, 59, 92, 38,
];

type State =
  | 'code'
  | 'line comment'
  | 'comment'
  | 'string'
  | 'escape string'
  | 'raw string'
  | 'name'
  | 'dollar'
  | 'head end'
  | 'data';

/** Longer words, tags and commands are none. */
const LONGEST = 1 << 16;
const CAPTURED = 1 << 12;
/** `:{?` and a name of psql's. */
const VARIABLE = 128;

const IDENT_START = table((c) => (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c >= 128);
const DIGIT = table((c) => c >= 48 && c <= 57);
const IDENT = table((c) => IDENT_START[c] === 1 || DIGIT[c] === 1 || c === DOLLAR);
const TAG = table((c) => IDENT_START[c] === 1 || DIGIT[c] === 1);
const BLANK = table((c) => c === SPACE || (c >= 9 && c <= 13));

function table(holds: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (holds(code) ? 1 : 0));
}

/**
 * Reads SQL as psql does (psqlscan.l), line by line in its eyes, in pieces of any size: where a string, a comment, a
 * dollar quote or the rows of COPY begin and end decides what psql takes for a command of its own. What depends on
 * something that cannot be seen in the text, or is read differently by versions of psql, is refused or put on record as
 * {@link PsqlLexer.doubt}. Settings change with the next line, as in psql.
 */
export class PsqlLexer {
  /** Line of the first thing that is read differently where standard_conforming_strings is not what the text says. */
  doubt: number | undefined;
  readonly #listener: LexerListener;
  #state: State = 'code';
  #rest: Buffer = Buffer.alloc(0);
  #final = false;
  /** Line feeds before what is read now. */
  #lines = 0;
  /** Bytes before it. */
  #offset = 0;
  #text: Buffer = Buffer.alloc(0);
  /** The place that was read last. */
  #at = 0;
  #begun = false;
  #depth = 0;
  readonly #block = new BlockDepth();
  #comments = 0;
  #tag: Buffer = Buffer.alloc(0);
  #standard = true;
  #charLength: CharLength | undefined;
  #pending: { standard?: boolean; encoding?: string } | undefined;
  /** An escape string has just ended (1), and a line after it (2): the next one might continue it. */
  #afterEscape: 0 | 1 | 2 = 0;
  /** The parts of a string or name so far; undefined when it is too long or nobody asks. */
  #captured: Buffer[] | undefined;
  #capturedBytes = 0;
  /** Backslashes at the end of the last piece of a string. */
  #trailing = 0;
  /** The next byte of the data is the line feed that ended the head. */
  #fresh = false;

  constructor(listener: LexerListener) {
    this.#listener = listener;
  }

  /** Takes effect at the next line. */
  set(change: { standard?: boolean; encoding?: string }): void {
    this.#pending = { ...this.#pending, ...change };
  }

  /** Bytes of the whole that were read; what was given beyond them needs what follows. */
  get consumed(): number {
    return this.#offset;
  }

  /** Of the place that was read last, from 1. */
  get line(): number {
    return this.#lineAt(this.#at);
  }

  /** It is within the rows of a COPY. */
  get inData(): boolean {
    return this.#state === 'data';
  }

  write(piece: Buffer): void {
    if (piece.includes(0)) {
      this.#lines += countNewlines(this.#rest, 0, this.#rest.length);
      this.#text = piece;
      this.#refuse(piece.indexOf(0), 'a NUL byte');
    }
    this.#run(this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]));
  }

  end(): void {
    this.#final = true;
    this.#run(this.#rest);
  }

  #refuse(at: number, what: string): never {
    throw new Refusal(this.#lineAt(at), what);
  }

  /** A reason to end reading, at the place that was read last. */
  refusal(what: string): Refusal {
    return new Refusal(this.#lineAt(this.#at), what);
  }

  #lineAt(at: number): number {
    return this.#lines + countNewlines(this.#text, 0, Math.min(at, this.#text.length)) + 1;
  }

  #run(text: Buffer): void {
    this.#text = text;
    let at = 0;
    if (!this.#begun) {
      if (text.length < 3 && !this.#final) {
        this.#rest = text;
        return;
      }
      this.#begun = true;
      if (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf) at = 3;
    }
    let waits = false;
    while (at < text.length && !waits) {
      const next = this.#step(text, at);
      // negative: everything before was read, and more is needed for what follows
      waits = next < 0;
      at = waits ? -next - 1 : next;
    }
    this.#lines += countNewlines(text, 0, at);
    this.#offset += at;
    this.#text = this.#text.subarray(at);
    this.#rest = at === 0 ? text : text.subarray(at);
    if (this.#rest.length > 4 * LONGEST) this.#refuse(at, 'a word that has no end');
  }

  #step(text: Buffer, at: number): number {
    switch (this.#state) {
      case 'code':
        return this.#code(text, at);
      case 'line comment':
        return this.#lineComment(text, at);
      case 'comment':
        return this.#comment(text, at);
      case 'string':
        return this.#charLength === undefined ? this.#string(text, at) : this.#slowString(text, at);
      case 'escape string':
      case 'raw string':
        return this.#slowString(text, at);
      case 'name':
        return this.#charLength === undefined ? this.#name(text, at) : this.#slowString(text, at);
      case 'dollar':
        return this.#dollarQuoted(text, at);
      case 'head end':
        return this.#headEnd(text, at);
      case 'data':
        return this.#data(text, at);
    }
  }

  /** Statements, up to something that has a state of its own. */
  #code(text: Buffer, from: number): number {
    const { length } = text;
    let at = from;
    while (at < length) {
      const c = text[at] as number;
      if (BLANK[c] === 1) {
        if (c === LF) this.#newline();
        else if (c === CR && this.#afterEscape === 1) this.#afterEscape = 2;
        at++;
        continue;
      }
      if (at + 1 === length && !this.#final) return -at - 1;
      const next = text[at + 1] ?? LF;
      this.#at = at;
      if (c === DASH && next === DASH) {
        this.#state = 'line comment';
        return at + 2;
      }
      if (c === SLASH && next === STAR) {
        this.#state = 'comment';
        this.#comments = 1;
        return at + 2;
      }
      if (this.#pending !== undefined)
        this.#refuse(at, 'something on the line of a SET that changes how it is read');
      if (c === SQ) return this.#beginString(this.#standard ? 'string' : 'escape string', at + 1);
      this.#afterEscape = 0;
      if (IDENT_START[c] === 1) {
        const end = this.#word(text, at);
        if (end < 0 || this.#state !== 'code') return end;
        at = end;
      } else if (DIGIT[c] === 1) {
        const end = this.#number(text, at);
        if (end < 0) return end;
        at = end;
      } else if (c === DQ) {
        this.#state = 'name';
        this.#capture();
        return at + 1;
      } else if (c === DOLLAR) {
        const end = this.#dollar(text, at, next);
        if (end < 0 || this.#state !== 'code') return end;
        at = end;
      } else if (c === BACKSLASH) {
        const end = this.#command(text, at);
        if (end < 0) return end;
        at = end;
      } else if (c === COLON) {
        const end = this.#colon(text, at, next);
        if (end < 0) return end;
        at = end;
      } else if (c === SEMI) {
        at++;
        const inner = this.#depth > 0 || this.#block.open;
        const data = this.#listener.semicolon(inner);
        if (!inner) this.#block.reset();
        if (data) {
          this.#state = 'head end';
          return at;
        }
      } else {
        if (c === CLOSE && this.#depth > 0) this.#depth--;
        if (this.#depth === 0 || this.#listener.wants)
          this.#listener.token('other', text, at, at + 1, this.#depth);
        if (c === OPEN) this.#depth++;
        at++;
      }
    }
    return at;
  }

  #newline(): void {
    if (this.#afterEscape === 1) this.#afterEscape = 2;
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    if (pending.standard !== undefined) this.#standard = pending.standard;
    if (pending.encoding === undefined) return;
    const length = charLength(pending.encoding);
    if (length === null) this.#refuse(this.#at, `the encoding ${pending.encoding}, which is not known`);
    this.#charLength = length;
  }

  #beginString(state: 'string' | 'escape string' | 'raw string', at: number): number {
    if (this.#afterEscape === 2) this.#refuse(at, 'a string that goes on after a line break');
    this.#afterEscape = 0;
    this.#state = state;
    this.#trailing = 0;
    this.#capture();
    return at;
  }

  #word(text: Buffer, from: number): number {
    let at = from + 1;
    if (this.#charLength === undefined) while (at < text.length && IDENT[text[at] as number] === 1) at++;
    else {
      at = from;
      while (at < text.length && IDENT[text[at] as number] === 1) at = this.#after(text, at);
    }
    // two more tell whether it is the beginning of a string
    if (at + 2 > text.length && !this.#final) return -from - 1;
    at = Math.min(at, text.length);
    const next = text[at];
    if (at === from + 1) {
      const prefix = String.fromCharCode(text[from] as number).toLowerCase();
      if (next === SQ && prefix === 'e') return this.#beginString('escape string', at + 1);
      if (next === SQ && (prefix === 'b' || prefix === 'x')) return this.#beginString('raw string', at + 1);
      if (next === AMP && prefix === 'u' && text[at + 1] === SQ)
        return this.#beginString('raw string', at + 2);
      if (next === AMP && prefix === 'u' && text[at + 1] === DQ) {
        this.#state = 'name';
        // its escapes are not read here
        this.#captured = undefined;
        return at + 2;
      }
    }
    if (at - from >= 2 && at - from <= LONGEST_KEYWORD) this.#block.word(text, from, at, this.#depth);
    else this.#block.other();
    if (this.#depth === 0 || this.#listener.wants) this.#listener.token('word', text, from, at, this.#depth);
    return at;
  }

  /** Psql before 16 ends a number at a letter, later ones do not: a quote after one would be read differently. */
  #number(text: Buffer, from: number): number {
    let at = from + 1;
    while (at < text.length && (TAG[text[at] as number] === 1 || text[at] === 46)) at++;
    if (at === text.length && !this.#final) return -from - 1;
    const word = text.toString('latin1', from, at);
    const quoted = [SQ, DOLLAR, AMP].includes(text[at] ?? 0) && /[a-z]$/i.test(word);
    if (quoted || !/^\d[\d_]*(\.[\d_.]*)?(e\d*)?$|^0[xob][0-9a-f_]+$/i.test(word))
      this.#refuse(from, `the number ${word.slice(0, 20)} with a word or a string behind it`);
    if (this.#listener.wants) this.#listener.token('word', text, from, at, this.#depth);
    return at;
  }

  #dollar(text: Buffer, from: number, next: number): number {
    let at = from + 1;
    if (DIGIT[next] === 1) {
      while (at < text.length && DIGIT[text[at] as number] === 1) at++;
      if (at === text.length && !this.#final) return -from - 1;
      if (IDENT_START[text[at] ?? 0] === 1) this.#refuse(from, 'a parameter with a word behind it');
      return at;
    }
    while (at < text.length && TAG[text[at] as number] === 1) at++;
    if (at === text.length && !this.#final) return -from - 1;
    if (text[at] !== DOLLAR) return from + 1;
    this.#tag = Buffer.from(text.subarray(from, at + 1));
    if (this.#charLength !== undefined && this.#tag.some((byte) => byte >= 128))
      this.#refuse(from, 'a dollar quote whose tag is not ASCII');
    this.#state = 'dollar';
    return at + 1;
  }

  #command(text: Buffer, from: number): number {
    const end = text.indexOf(LF, from);
    if (end < 0 && !this.#final && text.length - from < LONGEST) return -from - 1;
    const until = end < 0 ? text.length : end;
    const line = text.toString('utf8', from, Math.min(until, from + LONGEST));
    this.#listener.command(line, this.#offset + from, this.#offset + until);
    return until;
  }

  #colon(text: Buffer, from: number, next: number): number {
    if (next === COLON || next === 61) return from + 2;
    if (text.length - from < VARIABLE && !this.#final) return -from - 1;
    const { length, named } = variableAt(text.toString('latin1', from, from + VARIABLE));
    if (named !== undefined) this.#refuse(from, `the variable ${named} of psql`);
    return from + length;
  }

  #lineComment(text: Buffer, from: number): number {
    for (let at = from; at < text.length; at++) {
      const c = text[at];
      if (c !== LF && c !== CR) continue;
      this.#state = 'code';
      return at;
    }
    return text.length;
  }

  #comment(text: Buffer, from: number): number {
    for (let at = from; at < text.length; at++) {
      const c = text[at];
      if (c === LF) this.#newline();
      if (c !== STAR && c !== SLASH) continue;
      if (at + 1 === text.length) {
        if (!this.#final) return -at - 1;
        break;
      }
      const next = text[at + 1];
      if (c === SLASH && next === STAR) {
        this.#comments++;
        at++;
      } else if (c === STAR && next === SLASH) {
        at++;
        if (--this.#comments > 0) continue;
        this.#state = 'code';
        return at + 1;
      }
    }
    return text.length;
  }

  /** A string in which only the quote ends it. */
  #string(text: Buffer, from: number): number {
    const quote = text.indexOf(SQ, from);
    const end = quote < 0 ? text.length : quote;
    let backslashes = 0;
    while (end - backslashes > from && text[end - backslashes - 1] === BACKSLASH) backslashes++;
    if (end - backslashes === from) backslashes += this.#trailing;
    this.#trailing = backslashes;
    this.#keep(text, from, end);
    if (quote < 0) return end;
    // with backslashes that escape, it would not be the end
    if (backslashes % 2 === 1) this.doubt ??= this.#lineAt(end);
    this.#state = 'code';
    this.#tell('string');
    return quote + 1;
  }

  #name(text: Buffer, from: number): number {
    const quote = text.indexOf(DQ, from);
    if (quote < 0) {
      this.#keep(text, from, text.length);
      return text.length;
    }
    if (quote + 1 === text.length && !this.#final) {
      this.#keep(text, from, quote);
      return -quote - 1;
    }
    if (text[quote + 1] === DQ) {
      this.#keep(text, from, quote + 1);
      return quote + 2;
    }
    this.#keep(text, from, quote);
    this.#state = 'code';
    this.#tell('name');
    return quote + 1;
  }

  /** Byte by byte: with escapes, and where characters may hold what looks like a quote. */
  #slowString(text: Buffer, from: number): number {
    const state = this.#state;
    const mark = state === 'name' ? DQ : SQ;
    const escapes = state === 'escape string';
    let at = from;
    while (at < text.length) {
      const c = text[at] as number;
      // a character of several bytes, an escape and a doubled quote have to be there whole
      const needs =
        c === mark || (escapes && c === BACKSLASH) || (c >= 128 && this.#charLength !== undefined) ? 5 : 1;
      if (text.length - at < needs && !this.#final) break;
      if (escapes && c === BACKSLASH) at = text[at + 1] === LF ? at + 1 : this.#after(text, at + 1);
      else if (c !== mark) at = this.#after(text, at);
      else if (text[at + 1] === mark) {
        if (state === 'raw string' && !this.#standard) this.#refuse(at, 'a quote in a string of bits');
        at += 2;
      } else {
        this.#keep(text, from, at);
        this.#state = 'code';
        this.#tell(state === 'name' ? 'name' : 'string');
        if (state !== 'name') this.#afterEscape = escapes ? 1 : 0;
        return at + 1;
      }
    }
    at = Math.min(at, text.length);
    this.#keep(text, from, at);
    return at === text.length ? at : -at - 1;
  }

  /** The place after a character. */
  #after(text: Buffer, at: number): number {
    const c = text[at] as number;
    if (c < 128 || this.#charLength === undefined) return at + 1;
    const end = at + this.#charLength(c, text[at + 1] ?? 0);
    // in psql's eyes the line ends there
    const feed = text.subarray(at, end).indexOf(LF);
    return feed < 0 ? end : at + feed;
  }

  #dollarQuoted(text: Buffer, from: number): number {
    const tag = this.#tag;
    if (this.#charLength !== undefined) return this.#slowDollar(text, from);
    const end = text.indexOf(tag, from);
    if (end >= 0) {
      this.#state = 'code';
      return end + tag.length;
    }
    if (this.#final) return text.length;
    return -Math.max(from, text.length - tag.length + 1) - 1;
  }

  #slowDollar(text: Buffer, from: number): number {
    const tag = this.#tag;
    const needs = Math.max(tag.length, 5);
    let at = from;
    while (at < text.length) {
      if (text.length - at < needs && !this.#final) return -at - 1;
      if (text[at] === DOLLAR && text.subarray(at, at + tag.length).equals(tag)) {
        this.#state = 'code';
        return at + tag.length;
      }
      at = this.#after(text, at);
    }
    return text.length;
  }

  /** After a COPY, psql takes the next line for its first row. */
  #headEnd(text: Buffer, from: number): number {
    let at = from;
    while (at < text.length && text[at] !== LF && BLANK[text[at] as number] === 1) at++;
    if (at === text.length) return at;
    if (text[at] !== LF) this.#refuse(at, 'something between a COPY and its rows');
    this.#state = 'data';
    this.#fresh = true;
    return at;
  }

  #data(text: Buffer, from: number): number {
    const start = this.#fresh ? from + 1 : from;
    const end = endOfData(text, from);
    const until = Math.max(start, end.found ? end.at + 1 : end.at);
    this.#listener.data(countNewlines(text, start, until), until - start);
    if (end.at > from) this.#fresh = false;
    if (!end.found) return end.at === text.length ? end.at : -end.at - 1;
    this.#state = 'code';
    this.#fresh = false;
    this.#listener.dataEnd();
    return end.at + end.length;
  }

  #capture(): void {
    this.#captured = this.#listener.wants ? [] : undefined;
    this.#capturedBytes = 0;
  }

  #keep(text: Buffer, from: number, to: number): void {
    if (this.#captured === undefined || to === from) return;
    this.#capturedBytes += to - from;
    if (this.#capturedBytes > CAPTURED) this.#captured = undefined;
    else this.#captured.push(Buffer.from(text.subarray(from, to)));
  }

  #tell(kind: 'string' | 'name'): void {
    const parts = this.#captured;
    this.#captured = undefined;
    if (this.#depth > 0 && !this.#listener.wants) return;
    const text =
      parts === undefined ? NOTHING : parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    this.#listener.token(kind, text, 0, text.length, this.#depth);
  }
}

const NOTHING = Buffer.alloc(0);
