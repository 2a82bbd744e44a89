import { logBytes, logFiles, logFormats } from '../db/queries/log.ts';
import type { Session } from '../db/session.ts';
import type { LogFormat } from './entry.ts';
import type { LogFile, LogSource } from './source.ts';

/** The files of log_directory, read by the server itself. */
export class SqlSource implements LogSource {
  readonly place: string;
  readonly piece = 2 ** 18;
  readonly most = 2 ** 23;
  readonly #directory: string;
  readonly #formatOf: (name: string) => LogFormat | undefined;
  /** The connection that is asked; another one when that has broken. */
  session: Session;

  constructor(session: Session, directory: string, formatOf: (name: string) => LogFormat | undefined) {
    this.session = session;
    this.#directory = directory;
    this.#formatOf = formatOf;
    this.place = `${directory} of the server`;
  }

  async formats(): Promise<readonly LogFormat[]> {
    return (await this.session.run(logFormats, undefined)).map(({ format }) => format);
  }

  async list(): Promise<readonly LogFile[]> {
    return (await this.session.run(logFiles, undefined)).flatMap(({ name, size, modified_ms }) => {
      const format = this.#formatOf(name);
      return format === undefined ? [] : [{ id: name, name, format, size, modified: modified_ms }];
    });
  }

  async read(name: string, offset: number, length: number): Promise<Buffer> {
    const [bytes = Buffer.alloc(0)] = await this.#bytes([name], offset, length);
    return bytes;
  }

  heads(names: readonly string[], length: number): Promise<readonly Buffer[]> {
    return this.#bytes(names, 0, length);
  }

  async #bytes(names: readonly string[], offset: number, length: number): Promise<readonly Buffer[]> {
    const paths = names.map((name) => `${this.#directory}/${name}`);
    const rows = await this.session.run(logBytes, { paths, offset, length });
    return rows.map(({ bytes }) => bytes ?? Buffer.alloc(0));
  }
}
