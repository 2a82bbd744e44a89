import { END_OF_DATA } from '../../../archive/unpack.ts';

/**
 * Programs for sed, which stands in the pipe between the backup and psql: rows never pass through this process, and of
 * the backup's text nothing reaches psql but the rows that were asked for.
 */

const END = '/^-- PostgreSQL database dump complete$/';
/** Lines on which the heads of all rows of a text end. */
export type Lines = readonly number[];

/** A head of rows: in a text the line on which it ends, in what pg_restore writes its bytes as latin1 text. */
export type RowsPlace = { readonly line: number; readonly lines: Lines } | { readonly raw: string };

/** Of a large object, and no line of a comment or a function that begins like it. */
const CONTENT = String.raw`/^SELECT pg_catalog\.lowrite([0-9]*, '\\x[0-9a-f]*');$/`;

/** The outline of a text, of which it is known where rows begin: what only looks like that stays. */
export function outlineProgram(lines: Lines): string {
  return `/;/ {
${lines.map((line) => `${line} b data\n`).join('')}}
${CONTENT} b
p
b
:data
p
:rows
n
${END_OF_DATA} !b rows
p
`;
}

/** Where the rows below a head go. */
export interface Redirect {
  readonly place: RowsPlace;
  /** What stands there instead. */
  readonly copy: string;
}

/** Table in which the stream notes what has come through whole: a redirect's number from 1, and 0 for its end. */
export const SEEN = 'pg_temp.pgdeck_seen';

/**
 * Leaves the rows below the given heads, each under its new head, and drops everything else; bytes as latin1 text. What
 * came to its end is noted in {@link SEEN}: a backup that breaks off in the middle of a table looks to psql like the end
 * of the rows. With `ended`, a file, the end of all is noted there instead, for a {@link ./gate.ts gate} to pass it on.
 */
export function filterProgram(redirects: readonly Redirect[], ended?: string): string {
  const blocks = redirects.map(
    ({ copy }, at) => `:begin${at + 1}
s/.*/${escapeReplacement(Buffer.from(copy).toString('latin1'))}/
p
:rows${at + 1}
n
p
${END_OF_DATA} !b rows${at + 1}
s/.*/${seen(at + 1)}/
p
b
`,
  );
  return `${headsProgram(redirects)}
${ended === undefined ? `${END} {\ns/.*/${seen(0)}/\np\n}` : `${END} w ${ended}`}
b
${blocks.join('')}:others
n
${END_OF_DATA} !b others
`;
}

/** Finds the heads, those of other rows too: they may hold anything. */
function headsProgram(redirects: readonly Redirect[]): string {
  const numbers = new Map<number, number>();
  const lines = new Set<number>();
  const raw = new Map<string, number[]>();
  for (const [at, { place }] of redirects.entries())
    if ('raw' in place) raw.set(place.raw, [...(raw.get(place.raw) ?? []), at + 1]);
    else {
      numbers.set(place.line, at + 1);
      for (const line of place.lines) lines.add(line);
    }
  if (lines.size > 0) {
    const jumps = [...lines].map((line) => {
      const number = numbers.get(line);
      return `${line} b ${number === undefined ? 'others' : `begin${number}`}\n`;
    });
    return `/;/ {\n${jumps.join('')}}`;
  }
  // pg_restore writes nothing else that begins so; between quotes, a name may hold line feeds
  return `/^COPY / {
:head
/^[^"]*\\("[^"]*"[^"]*\\)*$/ !{
N
b head
}
${[...raw].map(([text, blocks], at) => rawJump(text, blocks, at)).join('')}b others
}`;
}

/**
 * To the blocks of one head. Rows of partitions may all go through their root: then its head comes once for each of them,
 * in the order of the blocks, and how often it has come is counted in the hold space.
 */
function rawJump(text: string, blocks: readonly number[], group: number): string {
  const head = `/^${escapePattern(text)}$/`;
  const [first, ...more] = blocks;
  if (more.length === 0) return `${head} b begin${first}\n`;
  const mark = `<${group}>`;
  const jumps = more.map((block, at) => `s/${mark}/&/${at + 2}\nt begin${block}\n`).reverse();
  // a test forgets what was replaced before it
  return `${head} {
x
s/$/${mark}/
h
t counted${group}
:counted${group}
${jumps.join('')}b begin${first}
}
`;
}

/** Notes that the rows of a redirect came through, or all of it. */
export function seen(number: number): string {
  return `INSERT INTO ${SEEN} VALUES (${number});`;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\.*[^$/]/g, '\\$&').replaceAll('\n', '\\n');
}

function escapeReplacement(text: string): string {
  return text.replaceAll(/[\\&/\n]/g, '\\$&');
}
