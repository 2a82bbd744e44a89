import { compareNumbers, type FormatReader, plainNumber } from './format.ts';

const NAME = /^(\d+)_(.*)\.(up|down)\.sql$/;

/** golang-migrate: `N_name.up.sql` and `N_name.down.sql`. */
export const golangMigrate: FormatReader = {
  format: 'golang-migrate',
  withoutDown: true,
  fileName: (file) => {
    const [, digits, name = '', direction] = NAME.exec(file) ?? [];
    if (digits === undefined) return undefined;
    return { version: plainNumber(digits), name, direction: direction === 'up' ? 'up' : 'down' };
  },
  claims: (file) => NAME.test(file),
  parts: (sql, { direction }) => ({ ok: true, [direction === 'up' ? 'up' : 'down']: { sql, line: 1 } }),
  compare: (a, b) => compareNumbers(a.version, b.version),
};
