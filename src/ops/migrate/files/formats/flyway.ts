import { crc32 } from 'node:zlib';
import { bad, compareNumbers, compareTexts, type FormatReader, lineOf, type Placed } from './format.ts';

const NAME = /^(?:([VUB])(\d+(?:[._]\d+)*)|R)__(.+)\.sql$/;

/**
 * Flyway: `V1.2__name.sql`, and `U1.2__name.sql` for the way down; `R__name.sql` is applied anew whenever it has changed,
 * after all others; `B1.2__name.sql` stands for all up to 1.2 where nothing is applied yet.
 */
export const flyway: FormatReader = {
  format: 'flyway',
  withoutDown: false,
  fileName: (file) => {
    const [whole, prefix, version, name = ''] = NAME.exec(file) ?? [];
    if (whole === undefined) return undefined;
    const title = name.replaceAll('_', ' ');
    if (version === undefined)
      return { version: repeatable(title), name: title, direction: 'up', kind: 'repeatable' };
    const plain = plainVersion(version);
    if (prefix === 'B') return { version: `B${plain}`, name: title, direction: 'up', kind: 'baseline' };
    return { version: plain, name: title, direction: prefix === 'V' ? 'up' : 'down' };
  },
  claims: (file) => /^[VURB][\d._]*__.*\.sql$/.test(file),
  parts: (sql, { direction }) => {
    const placeholder = /\$\{[\w:.]+\}/.exec(sql);
    if (placeholder)
      return bad(
        `${lineOf(sql, placeholder.index)}: ${placeholder[0]} is replaced by Flyway only; run it with Flyway.`,
      );
    return { ok: true, [direction === 'up' ? 'up' : 'down']: { sql, line: 1 } };
  },
  compare: (a, b) => {
    const last = Number(isRepeatable(a.version)) - Number(isRepeatable(b.version));
    if (last !== 0) return last;
    if (isRepeatable(a.version)) return compareTexts(a.version, b.version);
    const plain = ({ version }: Placed) => version.replace(/^B/, '');
    return compareVersions(plain(a), plain(b)) || compareTexts(b.version, a.version);
  },
};

/** What stands for a version where there is none: Flyway knows these by their description. */
export const repeatable = (description: string): string => `R__${description.replaceAll(' ', '_')}`;

export const isRepeatable = (version: string): boolean => version.startsWith('R__');

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

/** The checksum that Flyway keeps of a file: CRC-32 of its lines without their ends, as a signed number. */
export function flywayChecksum(text: string): number {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.reduce((sum, line) => crc32(line, sum), 0) | 0;
}
