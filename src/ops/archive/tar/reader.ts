import { createHash, type Hash } from 'node:crypto';
import { entryOf, type Header, headerOf, paxOf, textOf } from './header.ts';

const BLOCK = 512;
/** Bytes of a name or of an extended header: longer ones are nobody's. */
const LONG = 1 << 20;

/** What an archive of tar holds. */
export interface TarContents {
  /** Regular files; hard links are files, too. */
  readonly files: number;
  /** All entries. */
  readonly entries: number;
  /** Of its files. */
  readonly bytes: number;
  /** SHA-256 of names, owners, rights and contents of all entries, in whatever order they come. */
  readonly digest: string;
  /** The first entry that would be written elsewhere than below the directory that it is unpacked in. */
  readonly escapes: string | undefined;
  /** A directory in it that is a data directory of PostgreSQL; `.` for all of it. */
  readonly cluster: string | undefined;
}

/** What makes an archive of tar unreadable, in a few words. */
export class TarDamage extends Error {
  override readonly name = 'TarDamage';
}

interface Content {
  readonly size: number;
  readonly sha256: string;
}

/** Reads an archive of tar as it comes, and keeps nothing of its contents but sums. */
export class TarReader {
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes that are still to come of the entry, and what fills up its last block. */
  #left = 0;
  #padding = 0;
  #header: Header | undefined;
  #hash: Hash | undefined;
  /** An extended header or a long name that is being gathered. */
  #gathered: Buffer[] | undefined;
  #long: { name?: string; link?: string; size?: number } = {};
  #zeros = 0;
  readonly #contents = new Map<string, Content>();
  readonly #links = new Set<string>();
  readonly #lines: string[] = [];
  #files = 0;
  #bytes = 0;
  #escapes: string | undefined;

  /** Throws {@link TarDamage}. */
  push(chunk: Uint8Array): void {
    let at = 0;
    let data = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    while (at < data.length) {
      if (this.#left > 0) {
        const piece = data.subarray(at, at + this.#left);
        this.#take(piece);
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) this.#entryEnds();
      } else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, data.length - at);
        at += skipped;
        this.#padding -= skipped;
      } else {
        if (data.length - at < BLOCK) break;
        this.#begin(data.subarray(at, at + BLOCK));
        at += BLOCK;
      }
    }
    data = data.subarray(at);
    this.#rest = Buffer.from(data);
  }

  /** What it held. Throws {@link TarDamage} where it has not come to its end. */
  end(): TarContents {
    // whatever wrote it ends it with two blocks of zeros
    if (this.#left > 0 || this.#zeros < 2) throw new TarDamage('it ends in its midst');
    const digest = createHash('sha256');
    for (const line of this.#lines.toSorted()) digest.update(line).update('\n');
    return {
      files: this.#files,
      entries: this.#lines.length,
      bytes: this.#bytes,
      digest: digest.digest('hex'),
      escapes: this.#escapes,
      cluster: this.#cluster(),
    };
  }

  #begin(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeros++;
      return;
    }
    if (this.#zeros >= 2) throw new TarDamage('something follows its end');
    this.#zeros = 0;
    const read = headerOf(block);
    if (read === undefined) throw new TarDamage('the head of an entry is damaged');
    const extended = 'LKxg'.includes(read.type);
    const header = extended ? read : entryOf(read, this.#long);
    if (extended) {
      if (header.size > LONG) throw new TarDamage('a name in it is longer than any');
      this.#gathered = [];
    } else {
      this.#long = {};
      if (header.type === 'file') this.#hash = createHash('sha256');
      else if (header.type === '') throw new TarDamage(`an entry is of a kind that is not known`);
    }
    this.#header = header;
    this.#left = header.size;
    this.#padding = (BLOCK - (header.size % BLOCK)) % BLOCK;
    if (this.#left === 0) this.#entryEnds();
  }

  #take(piece: Buffer): void {
    if (this.#gathered !== undefined) this.#gathered.push(Buffer.from(piece));
    else this.#hash?.update(piece);
  }

  #entryEnds(): void {
    const header = this.#header;
    if (header === undefined) return;
    this.#header = undefined;
    if (this.#gathered !== undefined) {
      const data = Buffer.concat(this.#gathered);
      this.#gathered = undefined;
      if (header.type === 'L') this.#long.name = textOf(data);
      else if (header.type === 'K') this.#long.link = textOf(data);
      else if (header.type === 'x') this.#long = { ...this.#long, ...paxOf(data) };
      return;
    }
    this.#note(header, this.#hash?.digest('hex'));
    this.#hash = undefined;
  }

  #note({ name: raw, link, type, mode, uid, gid, size }: Header, sha256: string | undefined): void {
    const name = plain(raw);
    const owned = [mode, uid, gid];
    if (leaves(raw) || this.#throughLink(name)) this.#escapes ??= shown(raw);
    if (type === 'file' && sha256 !== undefined) this.#file(name, owned, { size, sha256 });
    else if (type === 'hard') {
      const target = plain(link);
      if (leaves(link) || this.#throughLink(target, true)) this.#escapes ??= shown(raw);
      const content = this.#contents.get(target);
      // which of several names comes first is chance
      if (content !== undefined) this.#file(name, owned, content);
      else if (this.#links.has(target)) {
        this.#links.add(name);
        this.#lines.push(JSON.stringify([name, 'hard', target]));
      } else throw new TarDamage('a link in it leads to nothing');
    } else {
      if (type === 'symlink') this.#links.add(name);
      // a symbolic link has no rights of its own, and not the same ones everywhere
      const rights = type === 'symlink' ? [uid, gid, link] : owned;
      this.#lines.push(JSON.stringify([name, type, ...rights]));
    }
  }

  #file(name: string, owned: readonly number[], content: Content): void {
    this.#contents.set(name, content);
    this.#files++;
    this.#bytes += content.size;
    this.#lines.push(JSON.stringify([name, 'file', ...owned, content.size, content.sha256]));
  }

  /** Whether it lies behind a symbolic link of the archive, which may lead anywhere, or takes the place of one. */
  #throughLink(name: string, itself = false): boolean {
    const parts = name.split('/');
    const last = itself ? parts.length - 1 : parts.length;
    for (let n = 1; n <= last; n++) if (this.#links.has(parts.slice(0, n).join('/'))) return true;
    return false;
  }

  #cluster(): string | undefined {
    for (const name of this.#contents.keys())
      if (/(^|\/)global\/pg_control$/.test(name)) {
        const directory = name.slice(0, -'global/pg_control'.length);
        if (this.#contents.has(`${directory}PG_VERSION`)) return shown(directory.slice(0, -1) || '.');
      }
    return undefined;
  }
}

/** `./a/` and `a` are one. */
const plain = (name: string): string =>
  name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

const leaves = (name: string): boolean => name.startsWith('/') || name.split('/').includes('..');

/** Names are read as bytes: as people read them. */
const shown = (name: string): string => Buffer.from(name, 'latin1').toString('utf8');
