import type { MigrationFormat } from '../migration.ts';
import { dbmate } from './dbmate.ts';
import { flyway } from './flyway.ts';
import type { FormatReader } from './format.ts';
import { golangMigrate } from './golang-migrate.ts';
import { goose } from './goose.ts';
import { nodePgMigrate } from './node-pg-migrate.ts';

/** Those that are known by their file names come first. */
export const READERS: readonly FormatReader[] = [flyway, golangMigrate, dbmate, goose, nodePgMigrate];

export function readerOf(format: MigrationFormat): FormatReader {
  return READERS.find((reader) => reader.format === format) ?? dbmate;
}
