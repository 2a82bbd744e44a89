import type { LogFact } from '../log/fact.ts';

/** A fact that may be unknown: then why, and what would change that. */
export type Told<T> = { readonly known: T } | { readonly unknown: string; readonly remedy?: string };

/** A backup as the checks see it. */
export interface BackupFact {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly finishedAt: number;
  /** When it was last restored for proof, or verified by its content; null: never. */
  readonly provenAt: number | null;
}

/** A job of the schedule. */
export interface JobFact {
  readonly name: string;
  /** When it should have run last; null where it was not due yet. */
  readonly dueAt: number | null;
  /** When it last ended well; null: never. */
  readonly doneAt: number | null;
}

/** A file system that the server writes to. */
export interface VolumeFact {
  /** `data directory`, `pg_wal`, or a tablespace. */
  readonly name: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** What is not the server's to tell: the front ends hand it in. */
export interface Outside {
  /** Milliseconds since 1970, on this machine. */
  readonly now: number;
  /** Good backups of the connected database, the newest first. */
  readonly backups: Told<readonly BackupFact[]>;
  readonly jobs: Told<readonly JobFact[]>;
  readonly volumes: Told<readonly VolumeFact[]>;
  /** The last hour of the server's log. */
  readonly log: Told<LogFact>;
}
