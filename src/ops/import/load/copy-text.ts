import type { How } from '../convert/how.ts';
import { Refusal } from '../convert/value.ts';
import type { Put } from './binary.ts';

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

const escaped = (text: string): string =>
  SPECIAL.test(text) ? text.replace(/[\\\t\n\r]/g, (sign) => ESCAPES[sign] ?? sign) : text;
const asItIs = (text: string): string => text;

/** Writes values of a type in the text format of COPY. */
export function writerOf(type: string): (text: string) => string {
  if (type === 'bytea') return (text) => `\\${text}`;
  return /^(smallint|integer|bigint|boolean|numeric|double|real|uuid|date|time)/.test(type)
    ? asItIs
    : escaped;
}

const note = () => {};

/** The same behind a tab, where it is not the first of its row. */
export function textPutterOf({ type, convert }: How, place: number): Put {
  const write = writerOf(type);
  const before = place > 0 ? '\t' : '';
  return (cell, to) => {
    const text = convert(cell, note);
    if (text instanceof Refusal) return text;
    to.line(`${before}${text === null ? '\\N' : write(text)}`);
    return undefined;
  };
}

const CODES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** The same, read back. */
export function cellOf(text: string): string | null {
  if (text === '\\N') return null;
  return text.includes('\\') ? text.replace(/\\(.)/gs, (_, sign: string) => CODES[sign] ?? sign) : text;
}

/** Takes the bytes of a COPY to STDOUT and hands on the cells of each row. */
export class CopyReader {
  #rest: Buffer = Buffer.alloc(0);
  readonly #take: (cells: (string | null)[]) => void;

  constructor(take: (cells: (string | null)[]) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = all.lastIndexOf(10) + 1;
    this.#rest = all.subarray(end);
    if (end === 0) return;
    for (const line of all.toString('utf8', 0, end - 1).split('\n')) this.#take(line.split('\t').map(cellOf));
  }
}
