import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets that are like no other text of the machine, and where they have come to. */
export class Planted {
  readonly #forms = new Map<string, readonly string[]>();
  /** Texts with none of them: those of processes are looked at again and again. */
  readonly #clean = new Set<string>();

  /** A new secret, of letters and digits; the name says what it is of. */
  plant(name: string): string {
    const word = `s3cr${randomBytes(12).toString('hex')}`;
    this.#forms.set(name, formsOf(word));
    this.#clean.clear();
    return word;
  }

  /** Names of those that stand in a text, as a whole or by half, plain or as base64; without those that belong there. */
  in(text: string, ...own: readonly string[]): string[] {
    if (this.#clean.has(text)) return [];
    const found = [...this.#forms].flatMap(([name, forms]) =>
      forms.some((form) => text.includes(form)) ? [name] : [],
    );
    if (found.length === 0) this.#clean.add(text);
    return found.filter((name) => !own.includes(name));
  }
}

/** Percent-encoding leaves letters and digits as they are. */
function formsOf(word: string): string[] {
  const middle = Math.ceil(word.length / 2);
  return [word.slice(4, middle), word.slice(middle), ...encoded(word)];
}

/** As base64, wherever in a text it began. */
function encoded(word: string): string[] {
  return [0, 1, 2].flatMap((before) =>
    (['base64', 'base64url'] as const).map((encoding) => {
      const whole = Buffer.from(' '.repeat(before) + word).toString(encoding);
      return whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + word.length) * 8) / 6));
    }),
  );
}

export interface Process {
  readonly pid: number;
  readonly args: string;
  readonly environ: string;
}

/** Every process with what others can see of it: its arguments, and to its own user its environment. */
export function processes(): Process[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const read = (what: string) => readFileSync(`/proc/${pid}/${what}`, 'utf8').replaceAll('\0', ' ');
      return [{ pid: Number(pid), args: read('cmdline'), environ: read('environ') }];
    } catch {
      // it has ended
      return [];
    }
  });
}

/** All files below a directory, with what is in them. */
export function filesBelow(directory: string): { path: string; text: string }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path, text: readFileSync(path, 'latin1') };
    });
}
