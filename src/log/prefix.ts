/** What a prefix says of the message behind it. */
export type PrefixField =
  | 'time'
  | 'epoch'
  | 'pid'
  | 'user'
  | 'database'
  | 'application'
  | 'host'
  | 'sqlstate'
  | 'sessionId'
  | 'backendType'
  | 'queryId';

/** A log_line_prefix that lines can be read by. */
export interface Prefix {
  /** The values of a text that is a whole prefix: what stands before the severity. Undefined for any other text. */
  readonly match: (text: string) => Readonly<Partial<Record<PrefixField, string>>> | undefined;
  /** What it says, in its order. */
  readonly fields: readonly PrefixField[];
  /** It says when. */
  readonly timed: boolean;
}

/** A piece of a prefix: the lengths that it may have at a place of a text, the likeliest first. */
type Piece = (text: string, at: number) => Iterable<number>;

/** A text that has one form only. */
function fixed(source: string): Piece {
  const pattern = new RegExp(source, 'uy');
  return (text, at) => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    return found === undefined ? [] : [found.length];
  };
}

/** Characters of a kind, as few as will do. */
function some(kind: RegExp, least: number, most: number): Piece {
  return function* lengths(text, at) {
    for (let length = 0; length <= most; length++) {
      if (length >= least) yield length;
      if (!kind.test(text[at + length] ?? '\n')) return;
    }
  };
}

const literal = (word: string): Piece => {
  return (text, at) => (text.startsWith(word, at) ? [word.length] : []);
};

const TIME = fixed(String.raw`\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d `);
const TIME_MS = fixed(String.raw`\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} `);
const ZONE = some(/[A-Za-z0-9+-]/, 1, 12);
/** No name is longer. */
const NAME = some(/[^\n]/, 0, 64);
const ADDRESS = some(/[^\s()]/, 0, 256);
/** Padding: all of them, if that will do. */
const BLANKS: Piece = (text, at) => [...some(/ /, 0, 256)(text, at)].reverse();

interface Escape {
  readonly pieces: readonly Piece[];
  readonly field?: PrefixField;
}

/** The escapes of every version from 13 on. Those that a process without a session leaves out may be empty. */
const ESCAPES: Readonly<Record<string, Escape>> = {
  a: { pieces: [some(/[^\n]/, 0, 256)], field: 'application' },
  u: { pieces: [NAME], field: 'user' },
  d: { pieces: [NAME], field: 'database' },
  r: { pieces: [ADDRESS, fixed(String.raw`(?:\(\d*\))?`)], field: 'host' },
  h: { pieces: [ADDRESS], field: 'host' },
  L: { pieces: [ADDRESS] },
  b: { pieces: [NAME], field: 'backendType' },
  p: { pieces: [fixed(String.raw`\d+`)], field: 'pid' },
  P: { pieces: [fixed(String.raw`\d*`)] },
  t: { pieces: [TIME, ZONE], field: 'time' },
  m: { pieces: [TIME_MS, ZONE], field: 'time' },
  n: { pieces: [fixed(String.raw`\d+\.\d{3}`)], field: 'epoch' },
  i: { pieces: [NAME] },
  e: { pieces: [fixed('[0-9A-Z]{5}')], field: 'sqlstate' },
  c: { pieces: [fixed(String.raw`[0-9a-f]+\.[0-9a-f]+`)], field: 'sessionId' },
  l: { pieces: [fixed(String.raw`\d+`)] },
  s: { pieces: [TIME, ZONE] },
  v: { pieces: [fixed(String.raw`(?:-?\d+/\d+)?`)] },
  x: { pieces: [fixed(String.raw`\d+`)] },
  Q: { pieces: [fixed(String.raw`-?\d+`)], field: 'queryId' },
};

/** Where the text of a field begins and ends, as places between pieces. */
interface Span {
  readonly field: PrefixField;
  readonly from: number;
  readonly to: number;
}

/** Reads log_line_prefix. */
export function readPrefix(setting: string): Prefix {
  const pieces: Piece[] = [];
  const spans: Span[] = [];
  let required: number | undefined;
  for (const [all, padding = '', letter] of setting.matchAll(/%(-?\d+)?([^\d-])|[\s\S]/gu)) {
    if (letter === undefined || letter === '%') {
      pieces.push(literal(letter ?? all));
    } else if (letter === 'q') {
      // processes without a session end here
      required ??= pieces.length;
    } else {
      const known = ESCAPES[letter];
      // one that is not known is written as nothing
      if (known === undefined) continue;
      if (padding !== '' && !padding.startsWith('-')) pieces.push(BLANKS);
      const from = pieces.length;
      pieces.push(...known.pieces);
      const { field } = known;
      // the first of a kind is read; a second one says the same
      if (field !== undefined && spans.every((one) => one.field !== field))
        spans.push({ field, from, to: pieces.length });
      if (padding.startsWith('-')) pieces.push(BLANKS);
    }
  }
  const fields = spans.map(({ field }) => field);
  return {
    match: (text) => {
      const places = placesOf(pieces, required, text);
      return places && Object.fromEntries(spans.flatMap((span) => textOf(span, places, text)));
    },
    fields,
    timed: fields.includes('time') || fields.includes('epoch'),
  };
}

function textOf({ field, from, to }: Span, places: readonly number[], text: string): [PrefixField, string][] {
  const end = places[to];
  // behind %q, where a process without a session has ended
  return end === undefined ? [] : [[field, text.slice(places[from], end)]];
}

/**
 * Where each piece begins in a text that they make up whole, and where the last one ends. What has once led nowhere is
 * not tried again: names may hold whatever stands between them, and whoever connects chooses his own.
 */
function placesOf(
  pieces: readonly Piece[],
  required: number | undefined,
  text: string,
): readonly number[] | undefined {
  const failed = new Set<number>();
  const places: number[] = [];
  const fits = (piece: number, at: number): boolean => {
    places[piece] = at;
    const key = piece * (text.length + 1) + at;
    if (failed.has(key)) return false;
    const next = pieces[piece];
    if (next === undefined) {
      if (at === text.length) return true;
    } else {
      for (const length of next(text, at)) if (fits(piece + 1, at + length)) return true;
    }
    places.length = piece + 1;
    if (piece === required && at === text.length) return true;
    failed.add(key);
    return false;
  };
  return fits(0, 0) ? places : undefined;
}
