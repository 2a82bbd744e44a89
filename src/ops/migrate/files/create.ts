import { basename } from 'node:path';
import type { MigrationFormat, Migrations } from './migration.ts';

/** A file to be made. */
export interface NewFile {
  readonly file: string;
  readonly text: string;
}

/**
 * The files of a new migration, named and begun as those that are there are: timestamps, milliseconds or a count, with
 * as many digits. An empty directory gets dbmate's.
 */
export function newMigration(
  { format = 'dbmate', migrations }: Pick<Migrations, 'format' | 'migrations'>,
  title: string,
  now: Date,
): readonly NewFile[] {
  const name = fileName(title);
  // of versions, whatever directory they are in: what Flyway repeats has none
  const files = migrations.flatMap(({ file, kind }) => (kind === 'repeatable' ? [] : basename(file)));
  const prefix = nextPrefix(format, files, now);
  return templates(format, `${prefix}${format === 'flyway' ? '__' : separator(files)}${name}`);
}

/** What a migration does, as a part of its file's name. */
export const fileName = (title: string): string =>
  title
    .trim()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '_')
    .replace(/^_+|_+$/g, '');

const digitsOf = (file: string): string => /^[VUB]?([\d._]*\d)(?=_|-)/.exec(file)?.[1] ?? '';
const separator = (files: readonly string[]): string => /^\d+([_-])/.exec(files.at(-1) ?? '')?.[1] ?? '_';

/** Formats that count where nothing is there yet, with so many digits. */
const COUNTED: Partial<Record<MigrationFormat, number>> = { 'golang-migrate': 6, goose: 5, flyway: 1 };

function nextPrefix(format: MigrationFormat, files: readonly string[], now: Date): string {
  const last = digitsOf(files.at(-1) ?? '');
  const letter = format === 'flyway' ? 'V' : '';
  if (last === '' && COUNTED[format] !== undefined) return `${letter}${'1'.padStart(COUNTED[format], '0')}`;
  // not before what is there, also where that was made by a clock that is ahead
  if (last.length === 14 || (last === '' && format === 'dbmate')) return letter + later(stamp(now, 14), last);
  if (last.length === 17) return later(stamp(now, 17), last);
  if (last.length === 13 || last === '') return later(String(now.getTime()), last);
  const [, head = '', count = '0'] = /^(.*?)(\d+)$/.exec(last) ?? [];
  // the whole of 1.2 is a version and its last part is counted
  return `${letter}${head}${String(BigInt(count) + 1n).padStart(count.length, '0')}`;
}

const stamp = (now: Date, digits: number): string => now.toISOString().replace(/\D/g, '').slice(0, digits);

const later = (fresh: string, last: string): string =>
  last !== '' && BigInt(fresh) <= BigInt(last) ? String(BigInt(last) + 1n) : fresh;

function templates(format: MigrationFormat, stem: string): NewFile[] {
  switch (format) {
    case 'dbmate':
      return [{ file: `${stem}.sql`, text: '-- migrate:up\n\n\n-- migrate:down\n\n' }];
    case 'goose':
      return [{ file: `${stem}.sql`, text: '-- +goose Up\n\n\n-- +goose Down\n\n' }];
    case 'node-pg-migrate':
      return [{ file: `${stem}.sql`, text: '-- Up Migration\n\n\n-- Down Migration\n\n' }];
    case 'golang-migrate':
      return [
        { file: `${stem}.up.sql`, text: '' },
        { file: `${stem}.down.sql`, text: '' },
      ];
    case 'flyway':
      return [
        { file: `${stem}.sql`, text: '' },
        { file: `${stem.replace(/^V/, 'U')}.sql`, text: '' },
      ];
  }
}
