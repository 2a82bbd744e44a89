/** A regular expression that somebody types, and which is asked of every row as often as rows come. */
export interface Pattern {
  readonly matches: (text: string) => boolean;
}

/** More is not looked for: repeats of repeats are written out. */
const LARGEST = 1000;
/** Sets of places that are remembered, so that a place is worked out once for each character. */
const REMEMBERED = 2000;

type Assertion = '^' | '$' | 'b' | 'B';

type Node =
  | { readonly kind: 'one'; readonly test: (character: string) => boolean }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly of: Node; readonly least: number; readonly most: number };

type Instruction =
  | { readonly op: 'one'; readonly test: (character: string) => boolean }
  | { readonly op: 'assert'; readonly what: Assertion }
  | { op: 'to'; at: number[] }
  | { readonly op: 'found' };

/**
 * A pattern in the syntax of JavaScript. It is not run by its engine, for which `(a+)+$` takes longer than anybody lives:
 * all ways are followed at once, so that the time grows with the length of the text only. What cannot be looked for that
 * way (what stands before or behind, what was found before) is refused.
 *
 * @returns the pattern, or why it is none
 */
export function patternOf(source: string, anyCase: boolean): Pattern | { readonly reason: string } {
  const flags = anyCase ? 'iu' : 'u';
  try {
    new RegExp(source, flags);
    const program = compile(new Reader(source, flags).pattern());
    return new Search(program, new RegExp('^\\w$', flags));
  } catch (error) {
    const { message } = error as Error;
    // `Invalid regular expression: /(/u: Unterminated group`
    return { reason: message.slice(message.lastIndexOf(': ') + 1).trim() };
  }
}

/** Reads a pattern whose syntax is known to be right. */
class Reader {
  readonly #text: string;
  readonly #flags: string;
  #at = 0;

  constructor(text: string, flags: string) {
    this.#text = text;
    this.#flags = flags;
  }

  pattern(): Node {
    const parts: Node[] = [this.#sequence()];
    while (this.#takes('|')) parts.push(this.#sequence());
    return { kind: 'any', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && !this.#sees('|') && !this.#sees(')'))
      parts.push(this.#repeated(this.#atom()));
    return { kind: 'all', parts };
  }

  #repeated(of: Node): Node {
    const found = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.#text.slice(this.#at));
    if (!found) return of;
    this.#at += found[0].length;
    const [, sign, least = '0', comma, most] = found;
    if (sign !== undefined)
      return {
        ...{ kind: 'repeat', of, least: sign === '+' ? 1 : 0 },
        most: sign === '?' ? 1 : Number.POSITIVE_INFINITY,
      };
    const end = comma === undefined ? Number(least) : most ? Number(most) : Number.POSITIVE_INFINITY;
    return { kind: 'repeat', of, least: Number(least), most: end };
  }

  #atom(): Node {
    if (this.#takes('^')) return { kind: 'assert', what: '^' };
    if (this.#takes('$')) return { kind: 'assert', what: '$' };
    if (this.#takes('(')) return this.#group();
    const rest = this.#text.slice(this.#at);
    const [word] = /^\\[bB]/.exec(rest) ?? [];
    if (word !== undefined) {
      this.#at += 2;
      return { kind: 'assert', what: word === '\\b' ? 'b' : 'B' };
    }
    if (/^\\(?:[1-9]|k<)/.test(rest)) throw new Error('\\1 and \\k cannot be looked for');
    return this.#one(rest);
  }

  #group(): Node {
    const [opening = ''] = /^\?(?:<[^=!>][^>]*>|:)/.exec(this.#text.slice(this.#at)) ?? [];
    if (opening === '' && this.#sees('?'))
      throw new Error('groups that begin with ?= ?! ?< or a flag cannot be looked for');
    this.#at += opening.length;
    const inside = this.pattern();
    this.#at++;
    return inside;
  }

  /** What one character is compared with, by JavaScript's own rules. */
  #one(rest: string): Node {
    const [source = ''] =
      /^(?:\[(?:\\.|[^\]\\])*\]|\\(?:u\{[^}]*\}|u[\da-f]{4}|x[\da-f]{2}|[pP]\{[^}]*\}|c.|.)|.|\n)/isu.exec(
        rest,
      ) ?? [];
    this.#at += source.length;
    const one = new RegExp(`^${source}$`, this.#flags);
    return { kind: 'one', test: (character) => one.test(character) };
  }

  #sees(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #takes(text: string): boolean {
    const sees = this.#sees(text);
    if (sees) this.#at += text.length;
    return sees;
  }
}

function compile(node: Node): readonly Instruction[] {
  const out: Instruction[] = [];
  const put = <I extends Instruction>(instruction: I): I => {
    if (out.length >= LARGEST) throw new Error('it is too large');
    out.push(instruction);
    return instruction;
  };
  const emit = (part: Node): void => {
    switch (part.kind) {
      case 'one':
        put({ op: 'one', test: part.test });
        return;
      case 'assert':
        put({ op: 'assert', what: part.what });
        return;
      case 'all':
        for (const one of part.parts) emit(one);
        return;
      case 'any': {
        const choice = put({ op: 'to', at: [] as number[] });
        const ends = part.parts.map((one) => {
          choice.at.push(out.length);
          emit(one);
          return put({ op: 'to', at: [] as number[] });
        });
        for (const end of ends) end.at.push(out.length);
        return;
      }
      case 'repeat': {
        for (let i = 0; i < part.least; i++) emit(part.of);
        if (part.most === Number.POSITIVE_INFINITY) {
          const begin = out.length;
          const choice = put({ op: 'to', at: [begin + 1] });
          emit(part.of);
          put({ op: 'to', at: [begin] });
          choice.at.push(out.length);
          return;
        }
        const choices = Array.from({ length: Math.min(LARGEST, part.most - part.least) }, () => {
          const choice = put({ op: 'to', at: [out.length + 1] });
          emit(part.of);
          return choice;
        });
        for (const choice of choices) choice.at.push(out.length);
      }
    }
  };
  emit(node);
  put({ op: 'found' });
  return out;
}

type Kind = 'start' | 'word' | 'other';

/** Where the search may be after some text, and what it comes to with each character. */
interface Place {
  readonly threads: readonly number[];
  readonly before: Kind;
  readonly next: Map<string, Place | 'found'>;
  atEnd?: boolean;
}

class Search implements Pattern {
  readonly #program: readonly Instruction[];
  readonly #word: RegExp;
  readonly #places = new Map<string, Place>();
  readonly #start: Place = { threads: [], before: 'start', next: new Map() };

  constructor(program: readonly Instruction[], word: RegExp) {
    this.#program = program;
    this.#word = word;
  }

  matches = (text: string): boolean => {
    let place = this.#start;
    for (const character of text) {
      const next = place.next.get(character) ?? this.#step(place, character);
      if (next === 'found') return true;
      place = next;
    }
    place.atEnd ??= this.#reached(place, undefined) === 'found';
    return place.atEnd;
  };

  #step(place: Place, character: string): Place | 'found' {
    const reached = this.#reached(place, character);
    const next = reached === 'found' ? reached : this.#place(reached, character);
    place.next.set(character, next);
    return next;
  }

  #place(reached: readonly number[], character: string): Place {
    const threads = reached.flatMap((at) => {
      const instruction = this.#program[at];
      return instruction?.op === 'one' && instruction.test(character) ? [at + 1] : [];
    });
    const before = this.#kind(character);
    const key = `${before} ${threads.join()}`;
    if (this.#places.size >= REMEMBERED) {
      this.#places.clear();
      this.#start.next.clear();
    }
    const place = this.#places.get(key) ?? { threads, before, next: new Map() };
    this.#places.set(key, place);
    return place;
  }

  /** The characters that may come now, in order; or it is found. A match may begin anywhere. */
  #reached({ threads, before }: Place, character: string | undefined): readonly number[] | 'found' {
    const after = character === undefined ? 'start' : this.#kind(character);
    const edge = (before === 'word') !== (after === 'word');
    const holds: Readonly<Record<Assertion, boolean>> = {
      '^': before === 'start',
      $: character === undefined,
      b: edge,
      B: !edge,
    };
    const seen = new Set<number>();
    const open = [...threads, 0];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const instruction = this.#program[at];
      if (instruction?.op === 'found') return 'found';
      if (instruction?.op === 'to') open.push(...instruction.at);
      if (instruction?.op === 'assert' && holds[instruction.what]) open.push(at + 1);
    }
    return [...seen].filter((at) => this.#program[at]?.op === 'one').sort((a, b) => a - b);
  }

  #kind(character: string): Kind {
    return this.#word.test(character) ? 'word' : 'other';
  }
}
