import { reader as older } from '../drizzle/reader.ts';
import type { FormatReader } from '../shared/format.ts';

const NAME = /^((\d{14})_?([^/]*))\/migration\.sql$/;

/** drizzle-kit 1: `TIME_name/migration.sql`; the directory's name is what its history knows, and their order. */
export const reader: FormatReader = {
  ...older,
  below: true,
  fileName: (file) => {
    const [, version, time, name = ''] = NAME.exec(file) ?? [];
    return version === undefined || time === undefined
      ? undefined
      : { version, name, direction: 'up', key: String(millisOf(time)) };
  },
  // Prisma names them so, too
  claims: () => false,
  // drizzle-orm 1.0 sums what it reads as it is
  sums: (text) => older.sums?.(text) ?? [],
  // as its migrator.js sorts them
  compare: (a, b) => a.version.localeCompare(b.version),
};

/** The time in a directory's name, which is in UTC (its `formatToMillis`). */
function millisOf(time: string): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(time)?.slice(1).map(Number) ?? [];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
