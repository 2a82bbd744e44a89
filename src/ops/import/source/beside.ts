import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { importErrors } from '../errors.ts';

/** A file of lines that is written while a run goes on, readable by its owner only. */
export interface LineFile {
  readonly path: string;
  /** Lines in it. */
  readonly lines: number;
  add(line: string): void;
  /** Where it is now. */
  mark(): Mark;
  /** Forgets what was added since. */
  back(mark: Mark): void;
  /** Writes what is held and closes it. */
  close(): void;
  /** Closes and removes it. */
  remove(): void;
}

export interface Mark {
  readonly bytes: number;
  readonly lines: number;
}

const HELD = 64 * 1024;

/** A file that is made with its first line. Throws {@link OpError} where it is there already or cannot be written. */
export function lineFile(path: string): LineFile {
  let file: number | undefined;
  let made = false;
  let held = '';
  let lines = 0;
  let bytes = 0;
  const flush = () => {
    if (held === '') return;
    try {
      file ??= openSync(path, 'wx', 0o600);
      made = true;
      const all = Buffer.from(held);
      for (let at = 0; at < all.length; ) at += writeSync(file, all, at, all.length - at, bytes + at);
      bytes += all.length;
    } catch (error) {
      throw importErrors.unwritten({ file: path, why: (error as Error).message });
    }
    held = '';
  };
  const close = () => {
    if (file === undefined) return;
    fsyncSync(file);
    closeSync(file);
    file = undefined;
  };
  return {
    path,
    get lines() {
      return lines;
    },
    add: (line) => {
      lines++;
      held += `${line}\n`;
      if (held.length >= HELD || lines === 1) flush();
    },
    mark: () => {
      flush();
      return { bytes, lines };
    },
    back: (mark) => {
      held = '';
      ({ bytes, lines } = mark);
      if (file !== undefined) ftruncateSync(file, bytes);
    },
    close: () => {
      flush();
      close();
    },
    remove: () => {
      held = '';
      close();
      if (made) rmSync(path, { force: true });
    },
  };
}

/** Writes a new file, readable by its owner only. Throws {@link OpError}. */
export function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw importErrors.unwritten({ file: path, why: (error as Error).message });
  }
}
