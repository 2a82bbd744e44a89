import { BlockDepth, LONGEST_KEYWORD } from './lexer/block-depth.ts';
import * as C from './lexer/characters.ts';
import { charLength } from './lexer/client-encoding.ts';
import { Rows } from './lexer/end-of-data.ts';
import type { LexerListener } from './lexer/listener.ts';
import { Place } from './lexer/place.ts';
import { Quoted, type QuotedKind } from './lexer/quoted.ts';
import { dollarAt, numberAt, prefixAt } from './lexer/tokens.ts';
import { variableAt } from './lexer/variable.ts';

type State = 'code' | 'quoted' | 'head end' | 'data';

/** Longer words, tags and commands are none. */
const LONGEST = 1 << 16;
/** `:{?` and a name of psql's. */
const VARIABLE = 128;

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
  #begun = false;
  /** Where what is told stands. */
  readonly #place: Place;
  #depth = 0;
  readonly #block = new BlockDepth();
  readonly #quoted = new Quoted(
    () => this.#newline(),
    (at) => {
      this.doubt ??= this.#place.lineAt(at);
    },
  );
  #standard = true;
  #pending: { standard?: boolean; encoding?: string } | undefined;
  /** An escape string has just ended (1), and a line after it (2): the next one might continue it. */
  #afterEscape: 0 | 1 | 2 = 0;
  readonly #rows = new Rows();

  constructor(listener: LexerListener, place = new Place()) {
    this.#place = place;
    this.#listener = listener;
  }

  /** Takes effect at the next line. */
  set(change: { standard?: boolean; encoding?: string }): void {
    this.#pending = { ...this.#pending, ...change };
  }

  /** Bytes of the whole that were read; what was given beyond them needs what follows. */
  get consumed(): number {
    return this.#place.offset;
  }

  /** Of the place that was read last, from 1. */
  get line(): number {
    return this.#place.lineAt(this.#place.at);
  }

  /** A reason to end reading there. */
  refusal(what: string): Error {
    return this.#place.refusal(this.#place.at, what);
  }

  /** It is within the rows of a COPY. */
  get inData(): boolean {
    return this.#state === 'data';
  }

  write(piece: Buffer): void {
    if (piece.includes(0)) {
      this.#place.pass(this.#rest.length);
      this.#place.begin(piece);
      throw this.#place.refusal(piece.indexOf(0), 'a NUL byte');
    }
    this.#run(this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]));
  }

  end(): void {
    this.#final = true;
    this.#run(this.#rest);
  }

  #run(text: Buffer): void {
    this.#place.begin(text);
    let at = 0;
    if (!this.#begun) {
      this.#rest = text;
      if (text.length < 3 && !this.#final) return;
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
    this.#place.pass(at);
    this.#rest = at === 0 ? text : text.subarray(at);
    if (this.#rest.length > 4 * LONGEST) throw this.#place.refusal(0, 'a word that has no end');
  }

  #step(text: Buffer, at: number): number {
    if (this.#state === 'code') return this.#code(text, at);
    if (this.#state === 'quoted') return this.#quotedText(text, at);
    return this.#state === 'data' ? this.#data(text, at) : this.#headEnd(text, at);
  }

  #quotedText(text: Buffer, from: number): number {
    const quoted = this.#quoted;
    const at = quoted.read(text, from, this.#final);
    if (!quoted.closed) return at;
    this.#state = 'code';
    const { kind } = quoted;
    if (quoted.doubled && !this.#standard) throw this.#place.refusal(from, 'a quote in a string of bits');
    if (kind === 'escape string') this.#afterEscape = 1;
    const told = kind === 'name' ? 'name' : kind.endsWith('string') ? 'string' : undefined;
    if (told === undefined || (this.#depth > 0 && !this.#listener.wants)) return at;
    const said = quoted.take();
    this.#listener.token(told, said, 0, said.length, this.#depth);
    return at;
  }

  #open(kind: QuotedKind, tag?: Buffer): void {
    this.#state = 'quoted';
    this.#quoted.open(kind, { capture: this.#listener.wants, ...(tag && { tag }) });
  }

  /** Statements, up to something that has a state of its own. */
  #code(text: Buffer, from: number): number {
    const { length } = text;
    let at = from;
    while (at < length) {
      const c = text[at] as number;
      if (C.BLANK[c] === 1) {
        if (c === C.LF) this.#newline();
        else if (c === C.CR && this.#afterEscape === 1) this.#afterEscape = 2;
        at++;
        continue;
      }
      if (at + 1 === length && !this.#final) return -at - 1;
      const next = text[at + 1] ?? C.LF;
      this.#place.at = at;
      if (c === C.DASH && next === C.DASH) {
        this.#listener.comment();
        this.#open('line comment');
        return at + 2;
      }
      if (c === C.SLASH && next === C.STAR) {
        this.#open('comment');
        return at + 2;
      }
      if (this.#pending !== undefined)
        throw this.#place.refusal(at, 'something on the line of a SET that changes how it is read');
      if (c === C.SQ) return this.#beginString(this.#standard ? 'string' : 'escape string', at + 1);
      this.#afterEscape = 0;
      if (C.IDENT_START[c] === 1) {
        const end = this.#word(text, at);
        if (end < 0 || this.#state !== 'code') return end;
        at = end;
      } else if (C.DIGIT[c] === 1) {
        const end = this.#number(text, at);
        if (end < 0) return end;
        at = end;
      } else if (c === C.DQ) {
        this.#open('name');
        return at + 1;
      } else if (c === C.DOLLAR) {
        const end = this.#dollar(text, at);
        if (end < 0 || this.#state !== 'code') return end;
        at = end;
      } else if (c === C.BACKSLASH) {
        const end = this.#command(text, at);
        if (end < 0) return end;
        at = end;
      } else if (c === C.COLON) {
        const end = this.#colon(text, at, next);
        if (end < 0) return end;
        at = end;
      } else if (c === C.SEMI) {
        at++;
        const inner = this.#depth > 0 || this.#block.open;
        const data = this.#listener.semicolon(inner);
        if (!inner) this.#block.reset();
        if (data) {
          this.#state = 'head end';
          return at;
        }
      } else {
        if (c === C.CLOSE && this.#depth > 0) this.#depth--;
        if (this.#depth === 0 || this.#listener.wants)
          this.#listener.token('other', text, at, at + 1, this.#depth);
        if (c === C.OPEN) this.#depth++;
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
    if (length === null)
      throw this.#place.refusal(this.#place.at, `the encoding ${pending.encoding}, which is not known`);
    this.#quoted.charLength = length;
  }

  #beginString(state: QuotedKind, at: number): number {
    if (this.#afterEscape === 2) throw this.#place.refusal(at, 'a string that goes on after a line break');
    this.#afterEscape = 0;
    this.#open(state);
    return at;
  }

  #word(text: Buffer, from: number): number {
    let at = this.#quoted.wordEnd(text, from);
    // two more tell whether it is the beginning of a string
    if (at + 2 > text.length && !this.#final) return -from - 1;
    at = Math.min(at, text.length);
    const prefix = at === from + 1 ? prefixAt(text, from) : undefined;
    if (prefix?.kind === 'name') {
      this.#open('name');
      return from + prefix.length;
    }
    if (prefix !== undefined) return this.#beginString(prefix.kind, from + prefix.length);
    if (at - from >= 2 && at - from <= LONGEST_KEYWORD) this.#block.word(text, from, at, this.#depth);
    else this.#block.other();
    if (this.#depth === 0 || this.#listener.wants) this.#listener.token('word', text, from, at, this.#depth);
    return at;
  }

  #number(text: Buffer, from: number): number {
    const found = numberAt(text, from, this.#final);
    if (found === undefined) return -from - 1;
    if (found.wrong !== undefined) throw this.#place.refusal(from, found.wrong);
    if (this.#listener.wants) this.#listener.token('word', text, from, found.end, this.#depth);
    return found.end;
  }

  #dollar(text: Buffer, from: number): number {
    const found = dollarAt(text, from, this.#final);
    if (found === undefined) return -from - 1;
    if (found.wrong !== undefined) throw this.#place.refusal(from, found.wrong);
    if (found.tag === undefined) return found.end;
    if (this.#quoted.charLength !== undefined && found.tag.some((byte) => byte >= 128))
      throw this.#place.refusal(from, 'a dollar quote whose tag is not ASCII');
    this.#open('dollar', found.tag);
    return found.end;
  }

  #command(text: Buffer, from: number): number {
    const end = text.indexOf(C.LF, from);
    if (end < 0 && !this.#final && text.length - from < LONGEST) return -from - 1;
    const until = end < 0 ? text.length : end;
    const line = text.toString('utf8', from, Math.min(until, from + LONGEST));
    this.#listener.command(line, this.#place.offset + from, this.#place.offset + until);
    return until;
  }

  #colon(text: Buffer, from: number, next: number): number {
    if (next === C.COLON || next === 61) return from + 2;
    if (text.length - from < VARIABLE && !this.#final) return -from - 1;
    const { length, named } = variableAt(text.toString('latin1', from, from + VARIABLE));
    if (named !== undefined) throw this.#place.refusal(from, `the variable ${named} of psql`);
    return from + length;
  }

  /** After a COPY, psql takes the next line for its first row. */
  #headEnd(text: Buffer, from: number): number {
    let at = from;
    while (at < text.length && text[at] !== C.LF && C.BLANK[text[at] as number] === 1) at++;
    if (at === text.length) return at;
    if (text[at] !== C.LF) throw this.#place.refusal(at, 'something between a COPY and its rows');
    this.#state = 'data';
    this.#rows.begin();
    return at;
  }

  #data(text: Buffer, from: number): number {
    const { rows, bytes, next, ended } = this.#rows.read(text, from);
    this.#listener.data(rows, bytes);
    if (ended) this.#state = 'code';
    return next;
  }
}
