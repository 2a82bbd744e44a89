import { compareNumbers } from '../shared/text.ts';

/** `1_02` and `1.2` are the same version to Flyway. */
export function plainVersion(version: string): string {
  const parts = version.split(/[._]/).map((part) => String(BigInt(part)));
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop();
  return parts.join('.');
}

export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = compareNumbers(left[at] ?? '0', right[at] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}
