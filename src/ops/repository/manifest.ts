import { z } from 'zod';

export const ARCHIVE_FORMATS = ['custom', 'directory', 'plain'] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/** What a backup holds. Only `full` ones of one database are alike enough to replace each other. */
const SCOPES = ['full', 'schema_only', 'data_only', 'schemas', 'tables'] as const;
export type BackupScope = (typeof SCOPES)[number];

/** From cheapest to the only one that proves it: decoded to the end, bytes as written, rows as counted, restored. */
export const LEVELS = ['decode', 'checksum', 'counts', 'restore'] as const;
export type Level = (typeof LEVELS)[number];

export const size = z.int().nonnegative();
/** ISO 8601. One that is none would sort anywhere. */
export const time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'expected a time');

/** Within the backup's directory, or its copy's: what is read and compared is never somebody else's file. */
export const inside = z
  .string()
  .refine(
    (path) =>
      path !== '' && !path.startsWith('/') && !path.split('/').some((part) => /^(\.{0,2})$/.test(part)),
    'expected a path within the backup',
  );

const tableSchema = z.object({
  oid: z.int(),
  schema: z.string(),
  name: z.string(),
  /** `table`, `partition`, `matview`. */
  kind: z.enum(['table', 'partition', 'matview']),
  /** Counted in the snapshot that was dumped; null when it holds no data in this backup. */
  rows: size.nullable(),
  /** Of a partition whose rows the archive has among those of the topmost table above it; absent in all others. */
  root: z.object({ schema: z.string(), name: z.string() }).optional(),
  /** Bytes of its COPY text, for a progress that is exact; null when unknown. */
  copy_bytes: size.nullable(),
  /** pg_table_size when it was dumped. */
  bytes: size,
});

const verificationSchema = z.object({
  level: z.enum(LEVELS),
  at: time,
  ok: z.boolean(),
  /** What was found, one sentence. */
  detail: z.string(),
});

/** A volume of docker, or a directory of its machine, that was archived beside the databases. */
const volumeSchema = z.object({
  /** What it is called in the profile, and what is typed to restore it. */
  name: z.string(),
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('volume'), name: z.string() }),
    z.object({ kind: z.literal('bind'), path: z.string() }),
  ]),
  /** The archive: tar with gzip. */
  path: inside,
  /** Of the archive. */
  bytes: size,
  sha256: z.string(),
  /** Regular files, and everything with directories and links. */
  files: size,
  entries: size,
  /** Bytes of its files. */
  content_bytes: size,
  /** SHA-256 of the names, owners, rights and contents of all entries, in whatever order. */
  digest: z.string(),
  /** Files that were written to while they were read. */
  changed: size,
});

export type ManifestVolume = z.output<typeof volumeSchema>;

/** manifest.json of a backup, written last: a directory without one is no backup. */
export const manifestSchema = z.object({
  manifest: z.literal(1),
  /** Name of the backup's directory: `<db>_<YYYYMMDD>_<HHMMSS>`. */
  id: z.string(),
  run: z.string(),
  pgdeck: z.string(),
  created_at: time,
  label: z.string().nullable(),
  /**
   * Made by another operation before it changes something: the way back, not what is wanted back. Absent in older ones:
   * see {@link file://./safety.ts}.
   */
  safety: z.boolean().optional(),
  server: z.object({
    version: z.string(),
    version_num: z.int(),
    system_identifier: z.string().nullable(),
    /** `host:port`, for people. */
    address: z.string(),
    standby: z.boolean(),
  }),
  database: z.object({
    name: z.string(),
    oid: z.int(),
    encoding: z.string(),
    collate: z.string().nullable(),
    ctype: z.string().nullable(),
    /** `c`, `i`, `b`; null before 15. */
    locale_provider: z.string().nullable(),
    locale: z.string().nullable(),
    icu_rules: z.string().nullable(),
    owner: z.string(),
    bytes: size,
    /** Statements that give a new database this one's owner, grants, settings and comment; `%I` none: ready to run. */
    properties: z.array(z.string()),
  }),
  client: z.object({ program: z.string(), version: z.string() }),
  format: z.enum(ARCHIVE_FORMATS),
  compress: z.string(),
  scope: z.enum(SCOPES),
  /** What was chosen, as resolved on the server: schemas, or `schema.table`. */
  chosen: z.array(z.string()),
  snapshot: z.object({ lsn: z.string().nullable(), at: z.string() }),
  tables: z.array(tableSchema),
  sequences: z.array(z.object({ schema: z.string(), name: z.string(), last_value: z.string().nullable() })),
  large_objects: size,
  extensions: z.array(z.object({ name: z.string(), version: z.string() })),
  roles: z.array(z.string()),
  /**
   * Those of the roles that a plain archive makes owners; the others it grants something to. Other archives say it
   * themselves. Absent in older ones.
   */
  owners: z.array(z.string()).optional(),
  tablespaces: z.array(z.string()),
  /** How much of the database was in which tablespace, '' being its own; absent in older ones and where not known. */
  spread: z.array(z.object({ name: z.string(), bytes: size })).optional(),
  /** Majors below this one cannot load it. */
  restore_min_major: z.int(),
  /** Relative to the backup's directory. The first is the archive (its directory, for `directory`). */
  archive: inside,
  globals: inside.nullable(),
  volumes: z.array(volumeSchema).optional(),
  files: z.array(z.object({ path: inside, bytes: size, sha256: z.string() })),
  bytes: size,
  verifications: z.array(verificationSchema),
  pinned: z.boolean(),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestTable = Manifest['tables'][number];
export type Verification = z.output<typeof verificationSchema>;
