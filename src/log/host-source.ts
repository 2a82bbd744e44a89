import { join } from 'node:path';
import type { HostFiles } from '../hosts/host.ts';
import type { LogFormat } from './entry.ts';
import { CURRENT_LOGFILES, formatsIn, type LogFile, type LogSource } from './source.ts';

/** Files of the machine that the server runs on. */
export class HostSource implements LogSource {
  readonly place: string;
  readonly piece = 2 ** 18;
  readonly most = 2 ** 25;
  readonly #files: HostFiles;
  readonly #directory: string;
  readonly #formatOf: (name: string) => LogFormat | undefined;
  readonly #formats: () => Promise<readonly LogFormat[]>;

  constructor(
    files: HostFiles,
    directory: string,
    formatOf: (name: string) => LogFormat | undefined,
    formats: () => Promise<readonly LogFormat[]>,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.#formatOf = formatOf;
    this.#formats = formats;
    this.place = `${directory} on this machine`;
  }

  formats(): Promise<readonly LogFormat[]> {
    return this.#formats();
  }

  async list(): Promise<readonly LogFile[]> {
    const found: LogFile[] = [];
    for (const { name } of await this.#files.list(this.#directory)) {
      const format = this.#formatOf(name);
      if (format === undefined) continue;
      const facts = await unlessGone(this.#files.facts(join(this.#directory, name)));
      if (facts?.kind !== 'file') continue;
      const { size, modified, device, inode } = facts;
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
    for (const name of names) heads.push(await this.read(name, 0, length));
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
