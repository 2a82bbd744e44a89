import { NOT_CONVERTED } from '../errors.ts';
import { quoteIdent } from '../ident.ts';
import type { Answered, DriverRow } from './driver.ts';

/** text, name, varchar, bpchar, and arrays of text and name. */
const TEXTS: ReadonlySet<number> = new Set([25, 19, 1043, 1042]);
const ARRAYS: ReadonlySet<number> = new Set([1009, 1003]);

// a cast to bytea takes the bytes as they are, but for backslashes
const hex = (text: string) =>
  `pg_catalog.encode(pg_catalog.replace(${text}::text, chr(92), chr(92) || chr(92))::bytea, 'hex')`;

/** Sends one query, prepared under the name where one is given. */
export type Send = (text: string, values: unknown[], name?: string) => Promise<Answered>;

interface Bytewise {
  readonly text: string;
  readonly columns: readonly string[];
}

/**
 * Asks a query so that a text which cannot be had as UTF-8 costs its own cell and not the answer. In a database of
 * encoding SQL_ASCII any bytes can stand anywhere; and pg_stat_activity shows the statements of all databases, each in
 * its database's encoding, whatever that of the database asked is.
 */
export class Cells {
  readonly #send: Send;
  /** Queries that have met such a text, by their id. */
  readonly #bytewise = new Map<string, Bytewise>();

  constructor(send: Send) {
    this.#send = send;
  }

  /** The rows of query `id`. Throws what the driver throws. */
  async rows(id: string, text: string, values: unknown[]): Promise<DriverRow[]> {
    const ask = (one: string, name: string) => this.#send(one, values, name);
    let known = this.#bytewise.get(id);
    if (known === undefined) {
      try {
        return (await ask(text, id)).rows;
      } catch (error) {
        if (!NOT_CONVERTED.has((error as { code?: unknown }).code)) throw error;
        try {
          known = bytewise(text, (await ask(`SELECT * FROM (${text}) q LIMIT 0`, `${id}.columns`)).fields);
        } catch {
          // in a transaction, which the first failure has ended
          throw error;
        }
        this.#bytewise.set(id, known);
      }
    }
    const { rows } = await ask(known.text, `${id}.bytes`);
    return this.#decode(rows, known.columns);
  }

  async #decode(rows: readonly DriverRow[], columns: readonly string[]): Promise<DriverRow[]> {
    const decoded = new Map<string, string>();
    const cells = rows.flatMap((row) => columns.flatMap((name) => row[name] as string | string[] | null));
    const work = [...new Set(cells)]
      .filter((cell) => cell !== null)
      .map(async (cell) => {
        decoded.set(cell, await this.#text(cell));
      });
    await Promise.all(work);
    const of = (cell: unknown): unknown =>
      Array.isArray(cell) ? cell.map(of) : typeof cell === 'string' ? decoded.get(cell) : cell;
    return rows.map((row) => ({
      ...row,
      ...Object.fromEntries(columns.map((name) => [name, of(row[name])])),
    }));
  }

  /** By the server where it can, since Node does not know all its encodings; else as UTF-8, else byte by byte. */
  async #text(cell: string): Promise<string> {
    const bytes = Buffer.from(cell, 'hex');
    if (bytes.every((byte) => byte < 0x80)) return bytes.toString('latin1');
    try {
      const { rows } = await this.#send(
        `SELECT /* pgdeck */ pg_catalog.convert_from(pg_catalog.decode($1, 'hex'), pg_catalog.getdatabaseencoding()) AS text`,
        [cell],
      );
      return String(rows[0]?.text);
    } catch {
      return utf8(bytes) ?? escaped(bytes);
    }
  }
}

function bytewise(text: string, fields: readonly { name: string; dataTypeID: number }[]): Bytewise {
  const list = fields.map(({ name, dataTypeID }) => {
    const column = quoteIdent(name);
    if (TEXTS.has(dataTypeID)) return `${hex(`q.${column}`)} AS ${column}`;
    if (!ARRAYS.has(dataTypeID)) return `q.${column}`;
    const each = `SELECT ${hex('u')} FROM unnest(q.${column}) WITH ORDINALITY e (u, n) ORDER BY n`;
    return `CASE WHEN q.${column} IS NOT NULL THEN ARRAY(${each}) END AS ${column}`;
  });
  const columns = fields.filter(({ dataTypeID: oid }) => TEXTS.has(oid) || ARRAYS.has(oid));
  return { text: `SELECT ${list.join(', ')} FROM (${text}) q`, columns: columns.map(({ name }) => name) };
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** As PostgreSQL 16 writes such bytes in names of applications: `caf\xe9`. */
function escaped(bytes: Buffer): string {
  return [...bytes]
    .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`))
    .join('');
}
