import { LEFT_TO_RIGHT, PROHIBITED, RIGHT_TO_LEFT, UNASSIGNED } from './tables.ts';

type Ranges = readonly (readonly [first: number, last: number])[];

/** Blanks beyond ASCII become one; U+200B is in both of the tables, and a blank first. */
const BLANKS = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** What is not seen goes. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;

/**
 * A password as PostgreSQL's servers and clients take it (RFC 4013, pg_saslprep): normalized, or as it was given where it
 * cannot be, since a password from before SCRAM may be anything.
 */
export function saslprep(password: string): string {
  // ASCII is taken as it is, controls too
  if (/^[\0-\x7f]*$/.test(password)) return password;
  const mapped = password.replace(BLANKS, ' ').replace(NOTHING, '');
  if (mapped === '') return password;
  // the server looks at what is to be normalized, and not at what it becomes
  const points = [...mapped].map((one) => one.codePointAt(0) ?? 0);
  if (points.some((point) => isIn(prohibited, point) || isIn(unassigned, point))) return password;
  // one direction only, at both ends too
  if (points.some((point) => isIn(rightToLeft, point))) {
    const ends = [points[0] ?? 0, points.at(-1) ?? 0];
    if (points.some((point) => isIn(leftToRight, point)) || !ends.every((end) => isIn(rightToLeft, end)))
      return password;
  }
  return mapped.normalize('NFKC');
}

/**
 * Whether PostgreSQL takes a password as it was given that programs may normalize all the same: the driver of this one,
 * for instance (pg 8.23, lib/crypto/sasl.js), looks at no table.
 */
export function isDriversOwn(password: string): boolean {
  return password.replace(BLANKS, ' ').replace(NOTHING, '').normalize('NFKC') !== saslprep(password);
}

const [unassigned, prohibited, rightToLeft, leftToRight] = [
  UNASSIGNED,
  PROHIBITED,
  RIGHT_TO_LEFT,
  LEFT_TO_RIGHT,
].map(rangesOf) as [Ranges, Ranges, Ranges, Ranges];

function rangesOf(table: string): Ranges {
  let next = 0;
  return table.split(' ').map((part) => {
    const [gap = '', more = '0'] = part.split('-');
    const first = next + Number.parseInt(gap, 36);
    const last = first + Number.parseInt(more, 36);
    next = last + 1;
    return [first, last] as const;
  });
}

function isIn(ranges: Ranges, point: number): boolean {
  let [low, high] = [0, ranges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] ?? [0, 0];
    if (point < first) high = middle - 1;
    else if (point > last) low = middle + 1;
    else return true;
  }
  return false;
}
