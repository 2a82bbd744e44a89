import type { Section } from '../sql/statement.ts';
import type { Problem } from '../types.ts';

/** Whose way of writing migrations the files follow. */
export const MIGRATION_FORMATS = ['dbmate', 'node-pg-migrate', 'golang-migrate', 'goose', 'flyway'] as const;
export type MigrationFormat = (typeof MIGRATION_FORMATS)[number];

/** One migration, as its files say it. */
export interface Migration {
  /** What orders it and what `to` names: `20260102030405`, `1.2`. Without leading zeros where its tool counts. */
  readonly version: string;
  /** `add_users`. */
  readonly name: string;
  /** Of the way up; below the directory. */
  readonly file: string;
  /** Of the way down, where it has a file of its own. */
  readonly downFile: string | undefined;
  /** Flyway's: applied anew whenever it has changed, after all others; or in place of all up to its version. */
  readonly kind?: 'repeatable' | 'baseline' | undefined;
  readonly up: Section;
  /** Undefined without a way down: no section, or nothing in it, though there is something to be taken back. */
  readonly down: Section | undefined;
  /** It has no way down, and its tool would take it back nevertheless: out of the history, and nothing else. */
  readonly forgettable?: boolean | undefined;
  /** Flyway's own checksum of the file; undefined for the others. */
  readonly crc: number | undefined;
}

/** What is in a directory. */
export interface Migrations {
  /** Absolute. */
  readonly directory: string;
  /** Undefined when there is no migration in it. */
  readonly format: MigrationFormat | undefined;
  /** In the order they are applied. */
  readonly migrations: readonly Migration[];
  /** Files that cannot be read or run (`bad_file`), or no directory. */
  readonly problems: readonly Problem[];
}
