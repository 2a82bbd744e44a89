import { encodingIn, type ToText } from './encoding.ts';
import { type Heading, parseCopyHead, parseHeading } from './heading.ts';
import { countNewlines } from './newlines.ts';

/** Data of one table as an archive holds it. */
export interface ScannedTable {
  readonly schema: string;
  readonly name: string;
  /** null where it is written as INSERT statements, which are not counted. */
  readonly rows: number | null;
  /** Bytes of its COPY text; null where rows is. */
  readonly copyBytes: number | null;
}

/** What the text of a dump holds. */
export interface Scan {
  readonly tables: readonly ScannedTable[];
  /** Large objects with content; null when the dump has none of pg_dump's headings. */
  readonly largeObjects: number | null;
  /** It ends as pg_dump ends what it has finished. */
  readonly complete: boolean;
  /** The table whose data has no end; undefined when there is none. */
  readonly unfinished: string | undefined;
  /** The whole text. */
  readonly bytes: number;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const HEADING = Buffer.from('\n-- Data for Name: ');
const COPY = Buffer.from('\nCOPY ');
const INSERT = Buffer.from('\nINSERT INTO ');
const LARGE_OBJECT = Buffer.from('\nSELECT pg_catalog.lo_open(');
const END_OF_DATA = Buffer.from('\n\\.');

/** A name has at most 63 bytes and a table 1,600 columns; what is longer is no head of a COPY. */
const LONGEST_HEAD = 1 << 19;
const TAIL = 1024;
/** Before the first object come the settings, one of them the encoding. */
const HEAD = 4096;

/** In the first lines of what pg_dumpall writes: the dumps of databases in it end like dumps of their own. */
const CLUSTER = '\n-- PostgreSQL database cluster dump';

/** The last words; `\unrestrict` follows them in dumps of the minors from August 2025 on. */
const COMPLETE = /\n-- PostgreSQL database (cluster )?dump complete\r?\n--\s*(\\unrestrict \w+\s*)?$/;

interface OpenTable {
  readonly schema: string;
  readonly name: string;
  rows: number;
  bytes: number;
  /** The next byte is the line feed that ended the head: it is no row's. */
  fresh: boolean;
}

/**
 * Reads the text of a dump as it comes, in pieces of any size, and counts what its COPY blocks hold. No string is made
 * of data: within a block it looks for `\.` at the beginning of a line, which no row can hold because its backslashes
 * are doubled, and counts line feeds up to there.
 */
export class DumpScanner {
  readonly #tables: ScannedTable[] = [];
  /** What is kept of the last piece because it may begin something. Before the text, a line has just ended. */
  #rest: Buffer = Buffer.from('\n');
  #tail: Buffer = Buffer.alloc(0);
  #head: Buffer = Buffer.alloc(0);
  #toText: ToText | undefined;
  #bytes = 0;
  #heading: Heading | undefined;
  #headings = 0;
  #largeObjects = 0;
  #open: OpenTable | undefined;

  write(piece: Buffer): void {
    if (this.#head.length < HEAD) this.#head = Buffer.concat([this.#head, piece.subarray(0, HEAD)]);
    this.#bytes += piece.length;
    this.#tail =
      piece.length >= TAIL ? piece.subarray(-TAIL) : Buffer.concat([this.#tail, piece]).subarray(-TAIL);
    const text = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at: number | undefined = 0;
    while (at !== undefined)
      at = this.#open === undefined ? this.#outside(text, at) : this.#inside(text, at, this.#open);
  }

  end(): Scan {
    this.#closeHeading();
    const open = this.#open;
    const end = COMPLETE.exec(this.#tail.toString('latin1'));
    return {
      tables: this.#tables,
      largeObjects: this.#headings === 0 ? null : this.#largeObjects,
      complete: open === undefined && end !== null && (end[1] !== undefined || !this.#head.includes(CLUSTER)),
      unfinished: open && `${open.schema}.${open.name}`,
      bytes: this.#bytes,
    };
  }

  /** Looks among statements for what matters; where to go on, or undefined when the piece is used up. */
  #outside(text: Buffer, from: number): number | undefined {
    const heading = text.indexOf(HEADING, from);
    const until = heading < 0 ? text.length : heading;
    if (this.#heading?.type === 'TABLE DATA') {
      const copy = text.indexOf(COPY, from);
      const insert = text.indexOf(INSERT, from);
      // a value of an INSERT may hold what looks like a COPY
      if (insert >= 0 && insert < until && (copy < 0 || insert < copy)) {
        this.#closeHeading();
        return insert + INSERT.length;
      }
      if (copy >= 0 && copy < until) return this.#beginCopy(text, copy);
    } else if (this.#heading?.type === 'BLOBS') {
      for (let at = from; ; this.#largeObjects++) {
        const object = text.indexOf(LARGE_OBJECT, at);
        if (object < 0 || object >= until) break;
        at = object + LARGE_OBJECT.length;
      }
    }
    return heading < 0 ? this.#keep(text, beginning(text, from)) : this.#readHeading(text, heading);
  }

  #readHeading(text: Buffer, at: number): number | undefined {
    const end = text.indexOf(LINE_FEED, at + 1);
    if (end < 0) return this.#keep(text, text.length - at > LONGEST_HEAD ? text.length : at);
    this.#closeHeading();
    this.#heading = parseHeading(this.#text(text.subarray(at + 1, end)));
    this.#headings++;
    return end;
  }

  #beginCopy(text: Buffer, at: number): number | undefined {
    let end = text.indexOf(LINE_FEED, at + 1);
    // a line feed between quotes belongs to a name
    while (end >= 0 && hasOpenQuote(text.subarray(at, end))) end = text.indexOf(LINE_FEED, end + 1);
    const skip = at + COPY.length;
    if (end < 0) return text.length - at > LONGEST_HEAD ? skip : this.#keep(text, at);
    const head = end - at > LONGEST_HEAD ? undefined : parseCopyHead(this.#text(text.subarray(at + 1, end)));
    if (head === undefined) return skip;
    this.#heading = undefined;
    this.#open = { schema: head.schema, name: head.name, rows: 0, bytes: 0, fresh: true };
    return end;
  }

  /** Counts rows up to the end of the block, or of the piece. */
  #inside(text: Buffer, from: number, table: OpenTable): number | undefined {
    const start = table.fresh ? from + 1 : from;
    const end = endOfData(text, from);
    const until = Math.max(start, end.found ? end.at + 1 : end.at);
    table.rows += countNewlines(text, start, until);
    table.bytes += until - start;
    if (end.at > from) table.fresh = false;
    if (!end.found) return this.#keep(text, end.at);
    const { schema, name, rows, bytes } = table;
    this.#tables.push({ schema, name, rows, copyBytes: bytes });
    this.#open = undefined;
    return end.at + END_OF_DATA.length;
  }

  /** A heading without a COPY: its rows are INSERT statements, or there is none. */
  #closeHeading(): void {
    if (this.#heading?.type === 'TABLE DATA') {
      const { schema, name } = this.#heading;
      this.#tables.push({ schema, name, rows: null, copyBytes: null });
    }
    this.#heading = undefined;
  }

  /** Names come long after the line that says their encoding. */
  #text(bytes: Buffer): string {
    this.#toText ??= encodingIn(this.#head.toString('latin1'));
    return this.#toText(bytes);
  }

  #keep(text: Buffer, from: number): undefined {
    this.#rest = text.subarray(from);
  }
}

/** Where the rows end; when that is not in the text, up to where it is certain that they do not. */
function endOfData(text: Buffer, from: number): { found: boolean; at: number } {
  for (let at = text.indexOf(END_OF_DATA, from); at >= 0; at = text.indexOf(END_OF_DATA, at + 1)) {
    const after = text[at + END_OF_DATA.length];
    if (after === LINE_FEED || after === CARRIAGE_RETURN) return { found: true, at };
    if (after === undefined) return { found: false, at };
  }
  return { found: false, at: partAtEnd(text, from, [END_OF_DATA]) };
}

function hasOpenQuote(text: Buffer): boolean {
  let quotes = 0;
  for (let at = text.indexOf(QUOTE); at >= 0; at = text.indexOf(QUOTE, at + 1)) quotes++;
  return quotes % 2 === 1;
}

function beginning(text: Buffer, from: number): number {
  return partAtEnd(text, from, [HEADING, COPY, INSERT, LARGE_OBJECT]);
}

/** Where the first bytes of one of these stand at the end of the text; the text's length when none does. */
function partAtEnd(text: Buffer, from: number, whole: readonly Buffer[]): number {
  // all of them begin with a line feed and hold no other
  const at = text.lastIndexOf(LINE_FEED);
  if (at < from) return text.length;
  const part = text.subarray(at);
  return whole.some((one) => part.length < one.length && one.subarray(0, part.length).equals(part))
    ? at
    : text.length;
}
