import { DbError } from '../../../db/errors.ts';
import { quoteIdent, quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { readSql } from '../methods.ts';
import type { Part } from '../scope.ts';
import { saysDamaged, wordsOf } from '../verdict.ts';

/** A row, or a page, that cannot be read. */
export interface Unreadable {
  /** `(12,3)` of a row, `page 12` of a page none of whose rows can be read. */
  readonly place: string;
  readonly block: number;
  /** Null: the whole page. */
  readonly offset: number | null;
  /** Its primary key as text; null where it has none or that cannot be read either. */
  readonly key: string | null;
  readonly why: string;
}

export interface Search {
  readonly found: readonly Unreadable[];
  /** False: it was stopped before its end, and there may be more. */
  readonly ended: boolean;
  /** Why none can be read: its file is not there, or it is empty where it must not be. */
  readonly none?: string | undefined;
}

export interface Limits {
  readonly rows: number;
  readonly seconds: number;
}

/** Before 14 a range of rows cannot be read alone, but rows by their places can. */
const BLOCKS_AT_ONCE = 64;
const LINE_POINTER = 28;

/**
 * Finds the rows of a table that cannot be read, by halves: each half is read whole, and the one that fails is halved
 * again. It stops after so many rows or seconds. The session must be one that nobody else uses meanwhile. Throws
 * DbError when the connection breaks, and for what is no damage.
 */
export async function unreadableRows(session: Session, part: Part, limits: Limits): Promise<Search> {
  await session.sql('SET enable_seqscan = off');
  try {
    return await new Halving(session, part, limits).search();
  } finally {
    if (!session.lost) await session.sql('RESET enable_seqscan');
  }
}

class Halving {
  readonly #session: Session;
  readonly #part: Part;
  readonly #limits: Limits;
  readonly #until: number;
  readonly #found: Unreadable[] = [];
  readonly #pageSize: number;

  constructor(session: Session, part: Part, limits: Limits) {
    this.#session = session;
    this.#part = part;
    this.#limits = limits;
    this.#until = performance.now() + limits.seconds * 1000;
    this.#pageSize = Number(session.server.settings.block_size ?? 8192);
  }

  async search(): Promise<Search> {
    const [size] = await this.#session.sql('SELECT pg_relation_size($1::oid)::float8 AS bytes', [
      this.#part.oid,
    ]);
    const blocks = Math.ceil(Number(size?.bytes ?? 0) / this.#pageSize);
    // without a file it has no pages to be halved
    if (blocks === 0) return { found: [], ended: true, none: await this.#failure(readSql(this.#part)) };
    const at = this.#session.server.major >= 14 ? Math.max(1, blocks) : BLOCKS_AT_ONCE;
    let ended = true;
    for (let from = 0; from < blocks && ended; from += at)
      ended = await this.#halve(from, Math.min(blocks, from + at));
    return { found: this.#found, ended };
  }

  /** False when it has to stop. */
  async #halve(from: number, to: number): Promise<boolean> {
    if (this.#over()) return false;
    const why = await this.#failure(readSql(this.#part, ` WHERE ${this.#within(from, to)}`));
    if (why === undefined) return true;
    if (to - from === 1) return this.#page(from, why);
    const middle = (from + to) >> 1;
    return (await this.#halve(from, middle)) && (await this.#halve(middle, to));
  }

  async #page(block: number, why: string): Promise<boolean> {
    const { schema, name } = this.#part;
    const from = `FROM ONLY ${quoteRelation({ schema, name })} AS r`;
    let places: string[];
    try {
      const rows = await this.#session.sql(
        `SELECT r.ctid::text AS place ${from} WHERE ${this.#within(block, block + 1)}`,
      );
      places = rows.map(({ place }) => String(place));
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#found.push({ place: `page ${block}`, block, offset: null, key: null, why });
      return !this.#over();
    }
    for (const place of places) {
      if (this.#over()) return false;
      const at = ` WHERE r.ctid = '${place}'::tid`;
      const reason = await this.#failure(readSql(this.#part, at));
      if (reason === undefined) continue;
      const offset = Number(/,(\d+)/.exec(place)?.[1] ?? 0);
      this.#found.push({ place, block, offset, key: await this.#keyOf(from, at), why: reason });
    }
    return true;
  }

  async #keyOf(from: string, at: string): Promise<string | null> {
    const { key } = this.#part.table;
    if (key === null) return null;
    const columns = key.map((name) => `(r.${quoteIdent(name)})::text`).join(', ');
    try {
      const [row] = await this.#session.sql(`SELECT concat_ws(', ', ${columns}) AS key ${from}${at}`);
      return row === undefined ? null : String(row.key);
    } catch (error) {
      if (isDamage(error)) return null;
      throw error;
    }
  }

  /** Why what is asked cannot be read; undefined where it can. */
  async #failure(sql: string): Promise<string | undefined> {
    try {
      await this.#session.sql(sql);
      return undefined;
    } catch (error) {
      if (isDamage(error)) return wordsOf(error);
      throw error;
    }
  }

  #within(from: number, to: number): string {
    if (this.#session.server.major >= 14) return `r.ctid >= '(${from},0)'::tid AND r.ctid < '(${to},0)'::tid`;
    const most = Math.floor((this.#pageSize - 24) / LINE_POINTER);
    return `r.ctid = ANY (ARRAY(SELECT format('(%s,%s)', b, o)::tid FROM generate_series(${from}, ${to - 1}) b, generate_series(1, ${most}) o))`;
  }

  #over(): boolean {
    return this.#found.length >= this.#limits.rows || performance.now() > this.#until;
  }
}

function isDamage(error: unknown): error is DbError {
  return error instanceof DbError && saysDamaged(error);
}

/** Statements that read all other rows; none where not all that is damaged was found. */
export function savingSql({ schema, name }: Part, { found, ended }: Search, major: number): string[] {
  const pages = found.filter(({ offset }) => offset === null).map(({ block }) => block);
  // before 14 a range of pages cannot be read alone
  if (!ended || found.length === 0 || (pages.length > 0 && major < 14)) return [];
  const rows = found.filter(({ offset }) => offset !== null).map(({ place }) => `"${place}"`);
  const without = rows.length === 0 ? [] : [`r.ctid <> ALL ('{${rows.join(',')}}'::tid[])`];
  const reading = (conditions: readonly string[]) =>
    `COPY (SELECT r.* FROM ONLY ${quoteRelation({ schema, name })} AS r WHERE ${conditions.join(' AND ')}) TO STDOUT`;
  if (pages.length === 0) return [reading(without)];
  // an OR of ranges would be a scan of all pages
  return ['SET enable_seqscan = off', ...between(pages).map((range) => reading([range, ...without]))];
}

/** What lies before, between and behind these pages. */
function between(pages: readonly number[]): string[] {
  const starts = [0, ...pages.map((page) => page + 1)];
  return starts.flatMap((from, at) => {
    const to = pages[at];
    if (to === from) return [];
    return [[`r.ctid >= '(${from},0)'`, ...(to === undefined ? [] : [`r.ctid < '(${to},0)'`])].join(' AND ')];
  });
}
