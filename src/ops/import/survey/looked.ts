import type { SourceTable } from '../source/catalog.ts';
import { quoted, type SourceDatabase } from '../source/rows.ts';

/** Ms between two words on how far it is. */
const PAUSE_MS = 250;

/** Tells how many rows of all tables were read, and how many there are: not at all where it is done at once. */
export class Looked {
  readonly #database: SourceDatabase;
  readonly #tables: readonly SourceTable[];
  readonly #tell: (done: number, of: number) => void;
  /** Of the tables before. */
  #before = 0;
  #told = performance.now();
  #of: number | undefined;

  constructor(
    database: SourceDatabase,
    tables: readonly SourceTable[],
    tell: (done: number, of: number) => void,
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#tell = tell;
  }

  /** Of the table that is read now. */
  readonly rows = (done: number): void => {
    const now = performance.now();
    if (now - this.#told < PAUSE_MS) return;
    this.#of ??= this.#tables.reduce((sum, { name }) => sum + this.#count(name), 0);
    this.#tell(this.#before + done, this.#of);
    this.#told = performance.now();
  };

  /** A table is read that has so many. */
  through(rows: number): void {
    this.#before += rows;
  }

  #count(table: string): number {
    return Number(this.#database.prepare(`SELECT count(*) AS rows FROM ${quoted(table)}`).get()?.rows);
  }
}
