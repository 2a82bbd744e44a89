import { crc32 } from 'node:zlib';
import { bad, compareNumbers, type FormatReader, lineOf } from './format.ts';

const NAME = /^([VU])(\d+(?:[._]\d+)*)__(.+)\.sql$/;

/** Flyway: `V1.2__name.sql`, and `U1.2__name.sql` for the way down. */
export const flyway: FormatReader = {
  format: 'flyway',
  fileName: (file) => {
    const [, prefix, version, name = ''] = NAME.exec(file) ?? [];
    if (version === undefined) return undefined;
    return {
      version: plainVersion(version),
      name: name.replaceAll('_', ' '),
      direction: prefix === 'V' ? 'up' : 'down',
    };
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
  compare: (a, b) => compareVersions(a.version, b.version),
};

/** `1_02` and `1.2` are the same version to Flyway. */
export function plainVersion(version: string): string {
  const parts = version.split(/[._]/).map((part) => String(BigInt(part)));
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop();
  return parts.join('.');
}

function compareVersions(a: string, b: string): number {
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
