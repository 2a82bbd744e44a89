import type { FormatReader } from '../shared/format.ts';
import { compareTexts, whole } from '../shared/text.ts';

const NAME = /^(\d+)_([^/]*)\.sql$/;

/** Supabase: `TIME_name.sql`, a way up. */
export const reader: FormatReader = {
  unmarked: true,
  fileName: (file) => {
    const [, version, name = ''] = NAME.exec(file) ?? [];
    // the CLI passes over the schema of its first versions
    if (version === undefined || (name === 'init' && version.length === 14 && version < '20211209000000'))
      return undefined;
    return { version, name, direction: 'up' };
  },
  claims: () => false,
  parts: (sql, name) => whole(sql, name),
  compare: (a, b) => compareTexts(a.version, b.version),
};
