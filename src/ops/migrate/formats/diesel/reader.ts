import { dirname } from 'node:path';
import type { FormatReader } from '../shared/format.ts';
import { compareTexts, whole } from '../shared/text.ts';

const NAME = /^(\d[^/_]*)_?([^/]*)\/(up|down)\.sql$/;

/**
 * Diesel: `TIME_name/up.sql` and `down.sql`. What is before the first underscore is the version, without its dashes
 * (diesel 2.3, `migrations_internals`: `2026-01-02-030405_a` is `20260102030405`).
 */
export const reader: FormatReader = {
  below: true,
  unmarked: true,
  settings: {
    of: (file) => `${dirname(file)}/metadata.toml`,
    pattern: /^\s*run_in_transaction\s*=\s*false\b/m,
    says: 'run_in_transaction = false',
  },
  fileName: (file) => {
    const [, prefix, name = '', part] = NAME.exec(file) ?? [];
    if (prefix === undefined) return undefined;
    const version = prefix.replaceAll('-', '');
    return { version, name: name || version, direction: part === 'down' ? 'down' : 'up' };
  },
  // Hasura names them so, too
  claims: () => false,
  parts: (sql, name) => whole(sql, name),
  compare: (a, b) => compareTexts(a.version, b.version),
};
