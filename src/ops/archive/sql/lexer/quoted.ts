import { BACKSLASH, CR, DOLLAR, DQ, IDENT, LF, SLASH, SQ, STAR } from './characters.ts';
import type { CharLength } from './client-encoding.ts';

/** What has an end of its own. `raw string`: of bits, or with escapes that leave its quotes alone. */
export type QuotedKind =
  | 'line comment'
  | 'comment'
  | 'string'
  | 'escape string'
  | 'raw string'
  | 'name'
  | 'dollar';

/** Longer ones are no names and no settings. */
const CAPTURED = 1 << 12;

/** Finds where strings, quoted names, dollar quotes and comments end, in pieces of any size. */
export class Quoted {
  kind: QuotedKind = 'comment';
  /** The end was found. */
  closed = false;
  /** A raw string had a doubled quote. */
  doubled = false;
  charLength: CharLength | undefined;
  readonly #onLine: () => void;
  readonly #onDoubt: (at: number) => void;
  #comments = 0;
  #tag: Buffer = Buffer.alloc(0);
  /** The parts of a string or name so far; undefined when it is too long or nobody asks. */
  #captured: Buffer[] | undefined;
  #capturedBytes = 0;
  /** Backslashes at the end of the last piece of a string. */
  #trailing = 0;

  /** `onLine`: a line feed in a comment. `onDoubt`: a quote that a backslash might escape. */
  constructor(onLine: () => void, onDoubt: (at: number) => void) {
    this.#onLine = onLine;
    this.#onDoubt = onDoubt;
  }

  open(kind: QuotedKind, { capture = false, tag }: { capture?: boolean; tag?: Buffer } = {}): void {
    this.kind = kind;
    this.closed = false;
    this.doubled = false;
    this.#comments = 1;
    this.#trailing = 0;
    this.#captured = capture ? [] : undefined;
    this.#capturedBytes = 0;
    if (tag !== undefined) this.#tag = tag;
  }

  /** What stood in it; empty where it is too long or nobody asked. */
  take(): Buffer {
    const parts = this.#captured ?? [];
    this.#captured = undefined;
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** Where to go on; of a negative number, -n - 1 is where, and more is needed. */
  read(text: Buffer, from: number, final: boolean): number {
    switch (this.kind) {
      case 'line comment':
        return this.#lineComment(text, from);
      case 'comment':
        return this.#comment(text, from, final);
      case 'string':
        if (this.charLength === undefined) return this.#string(text, from);
        return this.#slowString(text, from, final);
      case 'name':
        if (this.charLength === undefined) return this.#name(text, from, final);
        return this.#slowString(text, from, final);
      case 'dollar':
        return this.#dollarQuoted(text, from, final);
      default:
        return this.#slowString(text, from, final);
    }
  }

  #lineComment(text: Buffer, from: number): number {
    for (let at = from; at < text.length; at++) {
      const c = text[at];
      if (c !== LF && c !== CR) continue;
      this.closed = true;
      return at;
    }
    return text.length;
  }

  #comment(text: Buffer, from: number, final: boolean): number {
    for (let at = from; at < text.length; at++) {
      const c = text[at];
      if (c === LF) this.#onLine();
      if (c !== STAR && c !== SLASH) continue;
      if (at + 1 === text.length) {
        if (!final) return -at - 1;
        break;
      }
      const next = text[at + 1];
      if (c === SLASH && next === STAR) {
        this.#comments++;
        at++;
      } else if (c === STAR && next === SLASH) {
        at++;
        if (--this.#comments > 0) continue;
        this.closed = true;
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
    if (backslashes % 2 === 1) this.#onDoubt(end);
    this.closed = true;
    return quote + 1;
  }

  #name(text: Buffer, from: number, final: boolean): number {
    const quote = text.indexOf(DQ, from);
    if (quote < 0) {
      this.#keep(text, from, text.length);
      return text.length;
    }
    if (quote + 1 === text.length && !final) {
      this.#keep(text, from, quote);
      return -quote - 1;
    }
    if (text[quote + 1] === DQ) {
      this.#keep(text, from, quote + 1);
      return quote + 2;
    }
    this.#keep(text, from, quote);
    this.closed = true;
    return quote + 1;
  }

  /** Byte by byte: with escapes, and where characters may hold what looks like a quote. */
  #slowString(text: Buffer, from: number, final: boolean): number {
    const state = this.kind;
    const mark = state === 'name' ? DQ : SQ;
    const escapes = state === 'escape string';
    let at = from;
    while (at < text.length) {
      const c = text[at] as number;
      // a character of several bytes, an escape and a doubled quote have to be there whole
      const needs =
        c === mark || (escapes && c === BACKSLASH) || (c >= 128 && this.charLength !== undefined) ? 5 : 1;
      if (text.length - at < needs && !final) break;
      if (escapes && c === BACKSLASH) at = text[at + 1] === LF ? at + 1 : this.after(text, at + 1);
      else if (c !== mark) at = this.after(text, at);
      else if (text[at + 1] === mark) {
        if (state === 'raw string') this.doubled = true;
        at += 2;
      } else {
        this.#keep(text, from, at);
        this.closed = true;
        return at + 1;
      }
    }
    at = Math.min(at, text.length);
    this.#keep(text, from, at);
    return at === text.length ? at : -at - 1;
  }

  /** Where a word ends, as far as it is there. */
  wordEnd(text: Buffer, from: number): number {
    let at = from;
    if (this.charLength === undefined) while (at < text.length && IDENT[text[at] as number] === 1) at++;
    else while (at < text.length && IDENT[text[at] as number] === 1) at = this.after(text, at);
    return at;
  }

  /** The place after a character. */
  after(text: Buffer, at: number): number {
    const c = text[at] as number;
    if (c < 128 || this.charLength === undefined) return at + 1;
    const end = at + this.charLength(c, text[at + 1] ?? 0);
    // in psql's eyes the line ends there
    const feed = text.subarray(at, end).indexOf(LF);
    return feed < 0 ? end : at + feed;
  }

  #dollarQuoted(text: Buffer, from: number, final: boolean): number {
    const tag = this.#tag;
    if (this.charLength !== undefined) return this.#slowDollar(text, from, final);
    const end = text.indexOf(tag, from);
    if (end >= 0) {
      this.closed = true;
      return end + tag.length;
    }
    if (final) return text.length;
    return -Math.max(from, text.length - tag.length + 1) - 1;
  }

  #slowDollar(text: Buffer, from: number, final: boolean): number {
    const tag = this.#tag;
    const needs = Math.max(tag.length, 5);
    let at = from;
    while (at < text.length) {
      if (text.length - at < needs && !final) return -at - 1;
      if (text[at] === DOLLAR && text.subarray(at, at + tag.length).equals(tag)) {
        this.closed = true;
        return at + tag.length;
      }
      at = this.after(text, at);
    }
    return text.length;
  }

  #keep(text: Buffer, from: number, to: number): void {
    if (this.#captured === undefined || to === from) return;
    this.#capturedBytes += to - from;
    if (this.#capturedBytes > CAPTURED) this.#captured = undefined;
    else this.#captured.push(Buffer.from(text.subarray(from, to)));
  }
}
