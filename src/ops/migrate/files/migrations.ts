import type { MigrationFormat } from '../formats/registry.ts';
import type { Problem } from '../types.ts';
import type { Migration } from './migration.ts';

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
