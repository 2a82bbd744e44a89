import type { FormatReader } from '../shared/format.ts';
import { compareNumbers, plainNumber, whole } from '../shared/text.ts';

const NAME = /^(\d+)_(.*)\.(up|down)\.sql$/;

/** golang-migrate: `N_name.up.sql` and `N_name.down.sql`. */
export const reader: FormatReader = {
  bigint: true,
  withoutDown: true,
  fileName: (file) => {
    const [, digits, name = '', direction] = NAME.exec(file) ?? [];
    if (digits === undefined) return undefined;
    return { version: plainNumber(digits), name, direction: direction === 'up' ? 'up' : 'down' };
  },
  claims: (file) => NAME.test(file),
  parts: (sql, name) => whole(sql, name),
  compare: (a, b) => compareNumbers(a.version, b.version),
};
