import type { LogEntry } from '../entry.ts';

/** Makes entries of the bytes of one file, in their order. */
export interface LogParser {
  /** The entries that are complete with a piece of the file. */
  push(chunk: Buffer): LogEntry[];
  /** The last entry, where nothing has followed that says it is complete; whole lines only. */
  settle(): LogEntry[];
  /** All that is left, where nothing follows any more. */
  end(): LogEntry[];
  /** Whether something waits for what follows. */
  readonly waiting: boolean;
}

/** Where an entry begins, and when it was. */
export interface Start {
  readonly offset: number;
  readonly at: number;
}

/** How a form of the log is read. */
export interface Reader {
  /** Its entries say when they were. */
  readonly timed: boolean;
  parser(): LogParser;
  /** When the entry was that a line begins; undefined where it begins none, or none with a time. */
  startOf(line: string): number | undefined;
}
