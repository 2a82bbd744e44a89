import type { FormatReader } from '../shared/format.ts';
import { compareNumbers, plainNumber, whole } from '../shared/text.ts';

const NAME = /^(\d+)_([^/]*)\/(up|down)\.sql$/;

/** Hasura: `TIME_name/up.sql` and `down.sql`. */
export const reader: FormatReader = {
  bigint: true,
  below: true,
  unmarked: true,
  fileName: (file) => {
    const [, digits, name = '', part] = NAME.exec(file) ?? [];
    if (digits === undefined) return undefined;
    return { version: plainNumber(digits), name, direction: part === 'down' ? 'down' : 'up' };
  },
  // Diesel names them so, too
  claims: () => false,
  parts: (sql, name) => whole(sql, name),
  compare: (a, b) => compareNumbers(a.version, b.version),
};
