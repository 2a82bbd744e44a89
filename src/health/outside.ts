import type { LogFact } from '../log/fact.ts';

/** A fact that may be unknown: then why, and what would change that. */
export type Told<T> = { readonly known: T } | { readonly unknown: string; readonly remedy?: string };

/** A backup as the checks see it. */
export interface BackupFact {
  readonly id: string;
  /** When it was begun: what was written since is not in it. Milliseconds since 1970. */
  readonly madeAt: number;
  /** When its content was last verified: read to its end, or compared with what was written; null: never. */
  readonly verifiedAt: number | null;
  /** When it was last restored for proof; null: never. */
  readonly provenAt: number | null;
}

/** The place that copies of backups go to, as far as was noted when it was last asked: nobody asks it for this. */
export interface RemoteFact {
  /** `s3://bucket/prefix`. */
  readonly place: string;
  /** Copies of backups of the connected database, the newest first. */
  readonly copies: readonly {
    readonly id: string;
    /** When what it holds was begun. Milliseconds since 1970. */
    readonly madeAt: number;
  }[];
}

/** A job of the schedule. */
export interface JobFact {
  readonly name: string;
  /** What became of its last time; `missed`: it did not begin, `never`: its first time is still to come. */
  readonly state: 'ok' | 'running' | 'failed' | 'missed' | 'never';
  /** When it should have run last; null where it was not due yet. */
  readonly dueAt: number | null;
  /** When it last ended well; null: never. */
  readonly doneAt: number | null;
  /** Its last run in the journal. */
  readonly run: string | null;
}

/** A file system that the server writes to. */
export interface VolumeFact {
  /** `data directory`, `pg_wal`, or a tablespace. */
  readonly name: string;
  /** What is used and what the server may still write: what is reserved for root is neither. */
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** The number that the host's system has for it. */
  readonly device?: number;
}

/** Where pgdeck keeps its backups on this machine, of whatever server. */
export interface RepositoryFact {
  readonly directory: string;
  readonly backups: number;
  readonly bytes: number;
  /** It is on a disk that the server writes to. */
  readonly here: boolean;
}

/** Whether the database is what it should be. */
export interface DriftFact {
  /** The snapshot that it was compared with. */
  readonly file: string;
  /** What code would fail on. `id` is that of the issue in `schema check`. */
  readonly critical: readonly {
    readonly id: string;
    readonly kind: 'missing' | 'changed' | 'extra' | 'invalid';
    readonly object: string;
    readonly path: string;
    readonly attribute: string | null;
  }[];
  /** Ids of the rest; what is there and not expected is not among them. */
  readonly minor: readonly string[];
}

/** What is not the server's to tell: the front ends hand it in. */
export interface Outside {
  /** Milliseconds since 1970, on this machine. */
  readonly now: number;
  /** Good backups of the connected database, the newest first. */
  readonly backups: Told<readonly BackupFact[]>;
  /** Absent: it was not looked for. */
  readonly repository?: Told<RepositoryFact>;
  /** Null: the profile has none. */
  readonly remote: Told<RemoteFact | null>;
  readonly jobs: Told<readonly JobFact[]>;
  /** One for each file system, by the first of its directories. */
  readonly volumes: Told<readonly VolumeFact[]>;
  /** Bytes of memory of the server's machine. */
  readonly memory: Told<number>;
  /** The last hour of the server's log. */
  readonly log: Told<LogFact>;
  /** Null: nothing is expected of this database. */
  readonly drift: Told<DriftFact | null>;
}
