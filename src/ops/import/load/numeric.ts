import { canonOf } from './canon.ts';
import type { Tuples } from './tuples.ts';

const PLAIN = /^\s*[+-]?\d*\.?\d*\s*$/;
const ZERO = 48;
const groups: number[] = [];

/**
 * Writes a decimal number as PostgreSQL keeps it: groups of four digits, without those that are 0 at either end. `scale`: of
 * its type; without one it keeps the zeros that it is written with.
 */
export function putNumeric(given: string, scale: number | undefined, to: Tuples): void {
  // an exponent
  const text = PLAIN.test(given) ? given.trim() : String(canonOf('numeric')(given));
  const negative = text.startsWith('-');
  let begin = negative || text.startsWith('+') ? 1 : 0;
  const point = text.indexOf('.');
  const whole = point < 0 ? text.length : point;
  while (begin < whole && text.charCodeAt(begin) === ZERO) begin++;
  const digit = (at: number): number => (at < begin || at >= text.length ? 0 : text.charCodeAt(at) - ZERO);
  const four = (at: number): number =>
    digit(at) * 1000 + digit(at + 1) * 100 + digit(at + 2) * 10 + digit(at + 3);
  groups.length = 0;
  const before = Math.ceil((whole - begin) / 4);
  for (let at = whole - before * 4; at < whole; at += 4) groups.push(four(at));
  const decimals = point < 0 ? 0 : text.length - point - 1;
  for (let at = whole + 1; at < whole + 1 + decimals; at += 4) groups.push(four(at));
  let first = 0;
  while (first < groups.length && groups[first] === 0) first++;
  let last = groups.length;
  while (last > first && groups[last - 1] === 0) last--;
  const count = last - first;
  to.room(count * 2 + 12);
  to.int32(8 + count * 2);
  to.int16(count);
  to.int16(count === 0 ? 0 : before - 1 - first);
  to.int16(negative && count > 0 ? 0x4000 : 0);
  to.int16(Math.max(scale ?? decimals, 0));
  for (let at = first; at < last; at++) to.int16(groups[at] ?? 0);
}
