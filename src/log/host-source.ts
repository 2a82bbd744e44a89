import { join } from 'node:path';
import type { Host, HostFiles } from '../hosts/host.ts';
import type { LogFormat } from './entry.ts';
import { CURRENT_LOGFILES, formatsIn, type LogFile, type LogSource } from './source.ts';

/** Files whose beginning is read at first where each takes a program elsewhere: the last ones, as they are named here. */
const HEADS_AWAY = 8;

/** Files of the machine that the server runs on. */
export class HostSource implements LogSource {
  readonly place: string;
  readonly away: boolean;
  readonly piece: number;
  readonly most = 2 ** 25;
  readonly #files: HostFiles;
  readonly #directory: string;
  readonly #formatOf: (name: string) => LogFormat | undefined;
  readonly #formats: () => Promise<readonly LogFormat[]>;

  constructor(
    { files, label, kind }: Host,
    directory: string,
    formatOf: (name: string) => LogFormat | undefined,
    formats: () => Promise<readonly LogFormat[]>,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#formatOf = formatOf;
    this.#formats = formats;
    this.place = `${directory} on ${label}`;
    this.away = kind !== 'local';
    this.piece = this.away ? 2 ** 22 : 2 ** 18;
  }

  formats(): Promise<readonly LogFormat[]> {
    return this.#formats();
  }

  async list(): Promise<readonly LogFile[]> {
    const found: LogFile[] = [];
    const named = (await this.#files.list(this.#directory)).flatMap(({ name }) => {
      const format = this.#formatOf(name);
      return format === undefined ? [] : [{ name, format }];
    });
    const facts = await this.#files.factsOf(named.map(({ name }) => join(this.#directory, name)));
    for (const [at, { name, format }] of named.entries()) {
      const one = facts[at];
      if (one?.kind !== 'file') continue;
      const { size, modified, device, inode } = one;
      found.push({ id: `${device}:${inode}`, name, format, size, modified });
    }
    return found;
  }

  async read(name: string, offset: number, length: number): Promise<Buffer> {
    const bytes = await unlessGone(this.#files.readAt(join(this.#directory, name), offset, length));
    return bytes ?? Buffer.alloc(0);
  }

  async heads(names: readonly string[], length: number): Promise<readonly Buffer[]> {
    const heads: Buffer[] = [];
    const from = this.away ? names.length - HEADS_AWAY : 0;
    // a file whose beginning is not known goes on as long as it grows
    for (const [at, name] of names.entries())
      heads.push(at < from ? Buffer.alloc(0) : await this.read(name, 0, length));
    return heads;
  }
}

/** The forms that the collector says it writes, of a data directory. */
export async function currentFormats(files: HostFiles, dataDirectory: string): Promise<readonly LogFormat[]> {
  const text = await unlessGone(files.read(join(dataDirectory, CURRENT_LOGFILES), 2 ** 16));
  return formatsIn(String(text ?? ''));
}

/** A file may be removed between the listing and the look. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
