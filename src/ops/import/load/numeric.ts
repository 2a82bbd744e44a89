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
  putGroups(groups, before, negative, Math.max(scale ?? decimals, 0), to);
}

/** Digits that a double has whatever they are: two numbers of so many are never the same double. */
const SURE = 15;

/**
 * The same from a double, without its text, where it is a number of at most 15 digits: then no other one of so many is meant.
 * False, and nothing is written, where it is not, or the type has no place for it.
 */
export function putDecimal(value: number, digits: number, scale: number, to: Tuples): boolean {
  if (scale > 8) return false;
  const unit = 10 ** scale;
  const units = Math.round(Math.abs(value) * unit);
  if (!(units < 10 ** Math.min(digits, SURE)) || units / unit !== Math.abs(value)) return false;
  const whole = Math.floor(units / unit);
  // a fraction fills its last group
  const behind = Math.ceil(scale / 4);
  const fraction = (units - whole * unit) * 10 ** (behind * 4 - scale);
  const before = whole === 0 ? 0 : whole < 1e4 ? 1 : whole < 1e8 ? 2 : whole < 1e12 ? 3 : 4;
  groups.length = before + behind;
  for (let at = before - 1, rest = whole; at >= 0; at--, rest = Math.floor(rest / 1e4))
    groups[at] = rest % 1e4;
  if (behind > 1) groups[before] = Math.floor(fraction / 1e4);
  if (behind > 0) groups[before + behind - 1] = fraction % 1e4;
  putGroups(groups, before, value < 0, scale, to);
  return true;
}

/** `before`: how many of them are before the point. */
function putGroups(
  all: readonly number[],
  before: number,
  negative: boolean,
  scale: number,
  to: Tuples,
): void {
  let first = 0;
  while (first < all.length && all[first] === 0) first++;
  let last = all.length;
  while (last > first && all[last - 1] === 0) last--;
  const count = last - first;
  to.room(count * 2 + 12);
  to.int32(8 + count * 2);
  to.int16(count);
  to.int16(count === 0 ? 0 : before - 1 - first);
  to.int16(negative && count > 0 ? 0x4000 : 0);
  to.int16(scale);
  for (let at = first; at < last; at++) to.int16(all[at] ?? 0);
}
