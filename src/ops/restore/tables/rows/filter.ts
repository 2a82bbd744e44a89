/**
 * Programs for sed, which stands in the pipe between the backup and psql: rows never pass through this process, and of
 * the backup's text nothing reaches psql but the rows that were asked for.
 */

const HEAD = '/^COPY .* FROM stdin;$/';
const END = '/^-- PostgreSQL database dump complete$/';
/** As psql sees it: what follows the one with a carriage return would be no row to it. */
const END_OF_DATA = String.raw`/^\\\.\r\{0,1\}$/`;

/** Leaves a dump's text without its rows and large objects; before the head of rows stands its line's number. */
export const OUTLINE = `${HEAD} {
=
p
:data
n
${END_OF_DATA} d
b data
}
/^SELECT pg_catalog\\.lowrite(/ d
/^INSERT INTO / d
p
`;

/** Where the rows below a head go. */
export interface Redirect {
  /** `COPY schema.table (columns) FROM stdin;` as the backup has it. */
  readonly head: string;
  /** What stands there instead. */
  readonly copy: string;
}

/** Table in which the stream notes what has come through whole: a redirect's number from 1, and 0 for its end. */
export const SEEN = 'pg_temp.pgdeck_seen';

/**
 * Leaves the rows below the given heads, each under its new head, and drops everything else. What came to its end is
 * noted in {@link SEEN}: a backup that breaks off in the middle of a table looks to psql like the end of the rows. With
 * `ended`, a file, the end of all is noted there instead, for a {@link ./gate.ts gate} to pass it on.
 */
export function filterProgram(redirects: readonly Redirect[], ended?: string): string {
  const blocks = redirects.map(
    ({ head, copy }, at) => `/^${escapePattern(head)}$/ {
s/.*/${escapeReplacement(copy)}/
p
:rows${at + 1}
n
p
${END_OF_DATA} !b rows${at + 1}
s/.*/${seen(at + 1)}/
p
d
}
`,
  );
  return `${blocks.join('')}${HEAD} {
:others
n
${END_OF_DATA} d
b others
}
/^SET client_encoding = '[A-Za-z0-9_-]*';$/ p
${ended === undefined ? `${END} {\ns/.*/${seen(0)}/\np\n}` : `${END} w ${ended}`}
`;
}

/** Notes that the rows of a redirect came through, or all of it. */
export function seen(number: number): string {
  return `INSERT INTO ${SEEN} VALUES (${number});`;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\.*[^$/]/g, '\\$&');
}

function escapeReplacement(text: string): string {
  return text.replaceAll(/[\\&/]/g, '\\$&');
}
