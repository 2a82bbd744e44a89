/** A place in a text, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The text is no JSON: where it stops being so, and what was expected there. */
export interface JsonFault extends Place {
  readonly message: string;
}

interface Found {
  readonly path: readonly string[];
  readonly at: number;
}

const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/**
 * Reads JSON and remembers where each field stands: errors can name the line of the settings file,
 * which JSON.parse forgets, and which it does not tell for every syntax error.
 */
export function locateJson(text: string): { place: (path: readonly PropertyKey[]) => Place } | JsonFault {
  const scanner = new Scanner(text);
  try {
    scanner.document();
  } catch (error) {
    if (error instanceof Fault) return { ...placeOf(text, error.at), message: error.message };
    throw error;
  }
  return {
    place: (path) => {
      // a field that is missing is told at the nearest field around it
      for (let length = path.length; length > 0; length--) {
        const wanted = path.slice(0, length).map(String);
        const hit = scanner.fields.findLast(
          (field) => field.path.length === length && field.path.every((key, i) => key === wanted[i]),
        );
        if (hit) return placeOf(text, hit.at);
      }
      return placeOf(text, 0);
    },
  };
}

function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}

class Fault extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

class Scanner {
  readonly fields: Found[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    this.#value([]);
    if (this.#peek() !== '') this.#fail('the end of the file');
  }

  #peek(): string {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text[this.#at] ?? '';
  }

  #fail(expected: string): never {
    const got = this.#peek();
    throw new Fault(
      this.#at,
      `expected ${expected}, got ${got === '' ? 'the end of the file' : JSON.stringify(got)}`,
    );
  }

  #take(pattern: RegExp, expected: string): string {
    this.#peek();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) this.#fail(expected);
    this.#at = pattern.lastIndex;
    return match[0];
  }

  #value(path: readonly string[]): void {
    const next = this.#peek();
    if (next === '{') this.#members('}', (index) => this.#member(path, index));
    else if (next === '[') this.#members(']', (index) => this.#item(path, index));
    else if (next === '"') this.#take(STRING, 'a closing quote');
    else this.#take(SCALAR, 'a value');
  }

  #members(close: '}' | ']', one: (index: number) => void): void {
    this.#at++;
    if (this.#peek() === close) {
      this.#at++;
      return;
    }
    for (let index = 0; ; index++) {
      one(index);
      const next = this.#peek();
      if (next !== ',' && next !== close) this.#fail(`"," or "${close}"`);
      this.#at++;
      if (next === close) return;
    }
  }

  #member(path: readonly string[], _index: number): void {
    this.#peek();
    const at = this.#at;
    const key = JSON.parse(this.#take(STRING, 'a name in double quotes')) as string;
    if (this.#peek() !== ':') this.#fail('":"');
    this.#at++;
    this.#field([...path, key], at);
  }

  #item(path: readonly string[], index: number): void {
    this.#peek();
    this.#field([...path, String(index)], this.#at);
  }

  #field(path: readonly string[], at: number): void {
    this.fields.push({ path, at });
    this.#value(path);
  }
}
