import type { MigrationFormat } from '../formats/registry.ts';
import type { FormatReader } from '../formats/shared/format.ts';
import type { Problem } from '../types.ts';
import type { Migration } from './migration.ts';

/** What is in a directory. */
export interface Migrations {
  /** Absolute. */
  readonly directory: string;
  /** Undefined when there is no migration in it. */
  readonly format: MigrationFormat | undefined;
  /** What its files say more of the format, such as their order; undefined as the format. */
  readonly reader: FormatReader | undefined;
  /** Formats that the same files could be of as well, which a table in the database may tell apart. */
  readonly rivals: readonly MigrationFormat[];
  /** Why they are of this one and not of a rival; undefined where nothing says. */
  readonly evidence: string | undefined;
  /** SQL files that are there. */
  readonly files: readonly string[];
  /** In the order they are applied. */
  readonly migrations: readonly Migration[];
  /** Files that cannot be read or run (`bad_file`), or no directory. */
  readonly problems: readonly Problem[];
}
