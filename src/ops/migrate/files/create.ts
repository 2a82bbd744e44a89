import type { MigrationFormat } from '../formats/registry.ts';
import { formatOf } from '../formats/registry.ts';
import type { Begin, NewFile } from '../formats/shared/format.ts';
import { fileErrors } from './errors.ts';
import type { Migrations } from './migrations.ts';

/** Where there are no files yet, and nobody says. */
export const DEFAULT_FORMAT: MigrationFormat = 'dbmate';

/**
 * The files of a new migration, named and begun as those that are there are: timestamps, milliseconds or a count, with
 * as many digits. Throws OpError where only the tool can begin one.
 */
export function newMigration(
  { format = DEFAULT_FORMAT, migrations }: Pick<Migrations, 'format' | 'migrations'>,
  title: string,
  now: Date,
): readonly NewFile[] {
  const { begin, title: tool } = formatOf(format);
  if (typeof begin === 'string') throw fileErrors.begunByTool({ tool, how: begin });
  // of versions, whatever directory they are in: what Flyway repeats has none
  const there = migrations.flatMap(({ file, kind }) => (kind === 'repeatable' ? [] : [file]));
  const stems = there.map((file) => begin.stem(file));
  const stem = `${nextPrefix(begin, stems, now)}${begin.separator ?? separator(stems)}${fileName(title)}`;
  return begin.files(stem, there);
}

/** What a migration does, as a part of its file's name. */
export const fileName = (title: string): string =>
  title
    .trim()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '_')
    .replace(/^_+|_+$/g, '');

const digitsOf = (stem: string): string => /^[VUB]?([\d._]*\d)(?=_|-)/.exec(stem)?.[1] ?? '';
const separator = (stems: readonly string[]): string => /^\d+([_-])/.exec(stems.at(-1) ?? '')?.[1] ?? '_';

function nextPrefix({ first, prefix = '' }: Begin, stems: readonly string[], now: Date): string {
  const dashes = DASHED.exec(stems.at(-1) ?? '')?.[0];
  if (dashes !== undefined || ('dashed' in first && stems.length === 0))
    return dashed(later(stamp(now, 14), dashes?.replaceAll('-', '') ?? '0'));
  const last = digitsOf(stems.at(-1) ?? '');
  if (last === '')
    return 'counted' in first
      ? `${prefix}${'1'.padStart(first.counted, '0')}`
      : prefix + stamp(now, 'stamp' in first ? first.stamp : 14);
  // not before what is there, also where that was made by a clock that is ahead
  if (last.length === 14 || last.length === 17) return prefix + later(stamp(now, last.length), last);
  if (last.length === 13) return prefix + later(stamp(now, 13), last);
  const [, head = '', count = '0'] = /^(.*?)(\d+)$/.exec(last) ?? [];
  // the whole of 1.2 is a version and its last part is counted
  return `${prefix}${head}${String(BigInt(count) + 1n).padStart(count.length, '0')}`;
}

/** Diesel's: `2026-01-02-030405`. */
const DASHED = /^\d{4}-\d\d-\d\d-\d{6}(?=_)/;
const dashed = (digits: string): string => digits.replace(/^(\d{4})(\d\d)(\d\d)(\d{6})$/, '$1-$2-$3-$4');

/** Thirteen digits are milliseconds, more are a date in UTC. */
const stamp = (now: Date, digits: number): string =>
  digits === 13 ? String(now.getTime()) : now.toISOString().replace(/\D/g, '').slice(0, digits);

const later = (fresh: string, last: string): string =>
  BigInt(fresh) <= BigInt(last) ? String(BigInt(last) + 1n) : fresh;
