import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FormatReader, Placed } from '../shared/format.ts';
import { isRepeatable, repeatable } from '../shared/repeatable.ts';
import { bad, compareTexts, lineOf, whole } from '../shared/text.ts';
import { compareVersions, plainVersion } from './version.ts';

const NAME = /^(?:([VUB])(\d+(?:[._]\d+)*)|R)__(.+)\.sql$/;

/**
 * Flyway: `V1.2__name.sql`, and `U1.2__name.sql` for the way down; `R__name.sql` is applied anew whenever it has changed,
 * after all others; `B1.2__name.sql` stands for all up to 1.2 where nothing is applied yet.
 */
export const reader: FormatReader = {
  below: true,
  settings: {
    of: (file) => `${file}.conf`,
    pattern: /^\s*executeInTransaction\s*=\s*false\s*$/m,
    says: 'executeInTransaction=false',
  },
  fileName: (file) => {
    const [all, prefix, version, name = ''] = NAME.exec(basename(file)) ?? [];
    if (all === undefined) return undefined;
    const title = name.replaceAll('_', ' ');
    if (version === undefined)
      return { version: repeatable(title), name: title, direction: 'up', kind: 'repeatable' };
    const plain = plainVersion(version);
    if (prefix === 'B') return { version: `B${plain}`, name: title, direction: 'up', kind: 'baseline' };
    return { version: plain, name: title, direction: prefix === 'V' ? 'up' : 'down' };
  },
  claims: (file) => /^[VURB][\d._]*__.*\.sql$/.test(basename(file)),
  parts: (sql, name) => {
    const placeholder = /\$\{[\w:.]+\}/.exec(sql);
    if (placeholder)
      return bad(
        `${lineOf(sql, placeholder.index)}: ${placeholder[0]} is replaced by Flyway only; run it with Flyway.`,
      );
    return whole(sql, name);
  },
  sums: (text) => [String(flywayChecksum(text))],
  isVersion: (version) => /^B?\d+(\.\d+)*$|^R__/.test(version),
  compare: (a, b) => {
    const last = Number(isRepeatable(a.version)) - Number(isRepeatable(b.version));
    if (last !== 0) return last;
    if (isRepeatable(a.version)) return compareTexts(a.version, b.version);
    const plain = ({ version }: Placed) => version.replace(/^B/, '');
    return compareVersions(plain(a), plain(b)) || compareTexts(b.version, a.version);
  },
};

/** The checksum that Flyway keeps of a file: CRC-32 of its lines without their ends and its byte order mark, as a signed number. */
export function flywayChecksum(text: string): number {
  const lines = text
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.reduce((sum, line) => crc32(line, sum), 0) | 0;
}
