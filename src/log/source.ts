import { LOG_FORMATS, type LogFormat } from './entry.ts';

/** A file of the log as it is now. */
export interface LogFile {
  /** What it keeps when it is called by another name: its inode; its name where that is not told. */
  readonly id: string;
  readonly name: string;
  readonly format: LogFormat;
  readonly size: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly modified: number;
}

/** Where the files of a server's log can be read. */
export interface LogSource {
  /** For people: `/var/log/postgresql on this machine`. */
  readonly place: string;
  /** Each look takes a program elsewhere: it is looked less often. */
  readonly away?: boolean;
  /** Bytes of one read. */
  readonly piece: number;
  /** Bytes that may be read to count what was. */
  readonly most: number;
  /** Told before anything else how far back it will be read, where it is: milliseconds since 1970. */
  from?(since: number): void;
  /** The forms that the server writes now. */
  formats(): Promise<readonly LogFormat[]>;
  /** The files of all forms, in no order. */
  list(): Promise<readonly LogFile[]>;
  /** At most so many bytes; fewer at the end, none where the file is gone. */
  read(name: string, offset: number, length: number): Promise<Buffer>;
  /** The beginnings of files, in their order. */
  heads(names: readonly string[], length: number): Promise<readonly Buffer[]>;
}

/** The file of the data directory in which the collector says what it writes: a form and a path on each line. */
export const CURRENT_LOGFILES = 'current_logfiles';

/** The forms that it tells. */
export function formatsIn(text: string): LogFormat[] {
  return LOG_FORMATS.filter((format) => new RegExp(`^${format} `, 'm').test(text));
}
