import type { Clients } from '../programs/programs.ts';
import type { ArchiveFormat, Manifest } from '../repository/manifest.ts';
import type { Compression } from './dump/compression.ts';

/** What of the chosen relations is written: all of it, the definitions, the rows. */
export type Content = 'all' | 'schema' | 'data';

/**
 * How a dump comes to the repository from a host with files of its own: `written` there and fetched, or `streamed` while
 * pg_dump writes it.
 */
export type DumpWay = 'written' | 'streamed';

/** One database's backup, decided. */
export interface BackupRequest {
  /** The name that is planned for it; another run that takes it first gives it a number. */
  readonly id: string;
  readonly database: string;
  /** Directory of the repository. */
  readonly repository: string;
  readonly clients: Clients;
  readonly format: ArchiveFormat;
  readonly compression: Compression;
  /** Processes of pg_dump; only the directory format takes more than one. */
  readonly jobs: number;
  readonly content: Content;
  /** Names of schemas and tables whose rows are wanted, as typed; none of both is everything. */
  readonly schemas: readonly string[];
  readonly tables: readonly string[];
  /** Roles and tablespaces beside it. */
  readonly globals: boolean;
  readonly label: string | undefined;
  /** How the dump comes here; undefined where the programs write it here. */
  readonly way?: DumpWay | undefined;
  /** Made before something is changed, as the way back. */
  readonly safety?: boolean;
}

/** A backup that is published: from then on it is listed. */
export interface BackupMade {
  readonly id: string;
  /** Its directory. */
  readonly path: string;
  /** What pg_restore or psql reads. */
  readonly archive: string;
  readonly manifest: Manifest;
}
