import { createHash } from 'node:crypto';
import type { FormatReader } from '../shared/format.ts';
import { compareNumbers, plainNumber, whole } from '../shared/text.ts';

const NAME = /^(\d+)_([^/]*?)(\.up|\.down)?\.sql$/;

/** sqlx: `TIME_name.sql`, or a pair with `.up` and `.down`; a first line `-- no-transaction` counts. */
export const reader: FormatReader = {
  bigint: true,
  unmarked: true,
  fileName: (file) => {
    const [, digits, name = '', way] = NAME.exec(file) ?? [];
    if (digits === undefined) return undefined;
    return {
      version: plainNumber(digits),
      name: name.replaceAll('_', ' '),
      direction: way === '.down' ? 'down' : 'up',
    };
  },
  // golang-migrate names pairs so, too, and many tools the others
  claims: () => false,
  parts: (sql, name) =>
    whole(sql, name, sql.startsWith('-- no-transaction') ? 'the file says no-transaction' : undefined),
  sums: (text) => [createHash('sha384').update(text).digest('hex')],
  compare: (a, b) => compareNumbers(a.version, b.version),
};
