import { createHash } from 'node:crypto';
import type { FormatReader } from '../shared/format.ts';
import { compareTexts, whole } from '../shared/text.ts';

const NAME = /^([^/]+)\/(migration|down)\.sql$/;

/** Prisma: `TIME_name/migration.sql`; the directory's name is what its history knows, and their order. */
export const reader: FormatReader = {
  below: true,
  unmarked: true,
  fileName: (file) => {
    const [, version, part] = NAME.exec(file) ?? [];
    if (version === undefined) return undefined;
    const name = version.replace(/^\d+_/, '');
    return { version, name, direction: part === 'down' ? 'down' : 'up' };
  },
  claims: (file) => NAME.test(file) && file.endsWith('/migration.sql'),
  parts: (sql, name) => whole(sql, name),
  // Prisma takes the same text with other line ends for the same
  sums: (text) => [text, text.replaceAll('\r\n', '\n'), text.replace(/\r?\n/g, '\r\n')].map(sumOf),
  isVersion: () => true,
  compare: (a, b) => compareTexts(a.version, b.version),
};

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex');
