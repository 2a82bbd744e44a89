import { z } from 'zod';
import { logFiles } from '../db/queries/log.ts';
import { defineQuery } from '../db/query.ts';
import type { Session } from '../db/session.ts';
import type { LogFormat } from './entry.ts';
import { CURRENT_LOGFILES, formatsIn, type LogFile, type LogSource } from './source.ts';

/** Files that were written to within this time of the last may have been written to after they were listed. */
const CLOSE_MS = 60_000;

interface Piece {
  readonly paths: readonly string[];
  readonly offset: number;
  readonly length: number;
}

/** Bytes of files below the data or the log directory; null where one is gone. Of rights that no role brings: {@link file://./open.ts}. */
export const logBytes = defineQuery({
  id: 'log.bytes',
  variants: [
    {
      // as bytes: a text would have to be whole characters
      sql: `SELECT /* pgdeck */ pg_read_binary_file(path, $2::int8, $3::int8, true) AS bytes
FROM unnest($1::text[]) WITH ORDINALITY AS file (path, n) ORDER BY n`,
    },
  ],
  params: ({ paths, offset, length }: Piece) => [paths, offset, length],
  row: z.object({ bytes: z.instanceof(Buffer).nullable() }),
});

/** The files of log_directory, read by the server itself. */
export class SqlSource implements LogSource {
  readonly place: string;
  readonly piece = 2 ** 18;
  readonly most = 2 ** 23;
  readonly #directory: string;
  readonly #formatOf: (name: string) => LogFormat | undefined;
  /** What was listed last. */
  #files: readonly LogFile[] = [];
  /** The connection that is asked; another one when that has broken. */
  session: Session;

  constructor(session: Session, directory: string, formatOf: (name: string) => LogFormat | undefined) {
    this.session = session;
    this.#directory = directory;
    this.#formatOf = formatOf;
    this.place = `${directory} of the server`;
  }

  async formats(): Promise<readonly LogFormat[]> {
    // pg_current_logfile() of a form is a superuser's before 16
    const [text = ''] = await this.#bytes([CURRENT_LOGFILES], 0, 2 ** 16);
    return formatsIn(String(text));
  }

  async list(): Promise<readonly LogFile[]> {
    const rows = await this.session.run(logFiles, this.#directory);
    this.#files =
      rows.length === 0
        ? await this.#left()
        : rows.flatMap(({ name, size, modified_ms }) => {
            const format = this.#formatOf(name);
            return format === undefined ? [] : [{ id: name, name, format, size, modified: modified_ms }];
          });
    return this.#files;
  }

  /** The log is written elsewhere now, and these are not listed any more: what they had grown by until then. */
  async #left(): Promise<readonly LogFile[]> {
    const newest = Math.max(...this.#files.map(({ modified }) => modified));
    const left: LogFile[] = [];
    for (const file of this.#files) {
      const written = file.modified > newest - CLOSE_MS;
      const more = written ? (await this.read(file.name, file.size, this.piece)).length : 0;
      left.push({ ...file, size: file.size + more });
    }
    return left;
  }

  async read(name: string, offset: number, length: number): Promise<Buffer> {
    const [bytes = Buffer.alloc(0)] = await this.#bytes([this.#path(name)], offset, length);
    return bytes;
  }

  heads(names: readonly string[], length: number): Promise<readonly Buffer[]> {
    return this.#bytes(
      names.map((name) => this.#path(name)),
      0,
      length,
    );
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  async #bytes(paths: readonly string[], offset: number, length: number): Promise<readonly Buffer[]> {
    const rows = await this.session.run(logBytes, { paths, offset, length });
    return rows.map(({ bytes }) => bytes ?? Buffer.alloc(0));
  }
}
