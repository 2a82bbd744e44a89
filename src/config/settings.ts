import { z } from 'zod';
import { SSL_MODES } from '../db/target.ts';
import { badAge } from '../text/age.ts';
import { appSchema } from './app.ts';
import { parseUrl } from './libpq/conninfo.ts';
import { notifySchema } from './notify.ts';
import { remoteSchema } from './remote.ts';
import { routineSchema } from './routine.ts';
import { runsOnSchema } from './runs-on.ts';
import { mergeThresholds, misordered, thresholdOverridesSchema } from './thresholds.ts';
import { volumesSchema } from './volumes.ts';

export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** How often something is asked, in seconds, with its default and its bounds. */
export const INTERVALS = {
  refresh_seconds: { title: 'Live panes', default: 1, min: 0.5, max: 60 },
  slow_seconds: { title: 'Sizes, vacuum, indexes', default: 30, min: 5, max: 3600 },
  statements_seconds: { title: 'pg_stat_statements', default: 10, min: 1, max: 3600 },
} as const;

export type Intervals = { readonly [Id in keyof typeof INTERVALS]: number };

const every = ({ min, max }: { min: number; max: number }) => z.number().min(min).max(max).optional();

const intervalsSchema = z.strictObject({
  refresh_seconds: every(INTERVALS.refresh_seconds),
  slow_seconds: every(INTERVALS.slow_seconds),
  statements_seconds: every(INTERVALS.statements_seconds),
});

const urlSchema = z.string().superRefine((url, context) => {
  try {
    const { password, sslpassword } = parseUrl(url);
    if (password !== undefined || sslpassword !== undefined)
      context.addIssue({
        code: 'custom',
        message: 'expected a URL without a password (put it into ~/.pgpass), got one with a password',
      });
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const text = z.string().min(1);

/** How backups of a server are made and kept. */
const backupSchema = z.strictObject({
  /** Where they are put: an absolute path. */
  directory: z.string().startsWith('/', 'expected an absolute path').optional(),
  format: z.enum(['custom', 'directory', 'plain']).optional(),
  /** Level of gzip, or a method with its level such as zstd:3. */
  compress: text.optional(),
  jobs: z.int().min(1).max(64).optional(),
  /** Which are kept: `7 daily 4 weekly 12 monthly min 2`. */
  keep: text.optional(),
  /** Which of those that were made before a restore or a migration are kept: `last 3 7 days`. */
  keep_safety: text.optional(),
  /** Commands that are run before and after a restore swaps, such as `systemctl stop app`. */
  before_restore: text.optional(),
  after_restore: text.optional(),
  /** Run once a backup is made, such as `rclone copy "$PGDECK_BACKUP_PATH" far:backups`. */
  after_backup: text.optional(),
  /** Directory of pg_dump, pg_restore and psql, where they are not found by themselves. */
  programs: z.string().startsWith('/', 'expected an absolute path').optional(),
  volumes: volumesSchema.optional(),
  /** Where copies go that are to outlive this machine. */
  remote: remoteSchema.optional(),
});

export type BackupSettings = z.output<typeof backupSchema>;

/** What a database is expected to be made of. */
const schemaSchema = z.strictObject({
  /** A file of `pgdeck schema snapshot`: an absolute path. */
  expected: z.string().startsWith('/', 'expected an absolute path').optional(),
});

export type SchemaSettings = z.output<typeof schemaSchema>;

/** A finding of health that somebody knows of and lives with, to the end of a day. */
const waiverSchema = z.strictObject({
  /** Of the finding, as health lists it; that of a check alone waives all of its findings. */
  id: z
    .string()
    .regex(/^[a-z0-9_]+(:.+)?$/s, 'expected the id of a finding, such as index_unused:orders_idx'),
  until: z.iso.date('expected a day such as 2026-12-31'),
  reason: text,
});

export type WaiverSettings = z.output<typeof waiverSchema>;

/** Rows that are taken out of a table once they are that old. */
const cleanupSchema = z
  .array(
    z.strictObject({
      /** What the rule is called; the table as it is written where it has none. */
      name: text.optional(),
      table: text,
      /** The column that tells how old a row is. */
      column: text,
      /** `90d`, `12h`, `3mo`, `1y`. */
      older_than: z.string().superRefine((age, context) => {
        const message = badAge(age);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      }),
      /** Where the rows are kept: an absolute path. */
      archive: z.string().startsWith('/', 'expected an absolute path').optional(),
      /** Whole partitions are dropped instead of emptied. */
      drop_partitions: z.boolean().optional(),
      /** Rows that others refer to stay. */
      skip_referenced: z.boolean().optional(),
    }),
  )
  .superRefine((rules, context) => {
    const names = rules.map(({ name, table }) => name ?? table);
    for (const [at, name] of names.entries())
      if (names.indexOf(name) < at)
        context.addIssue({
          code: 'custom',
          path: [at],
          message: `expected a name of its own, got ${JSON.stringify(name)} again`,
        });
  });

export type CleanupRule = z.output<typeof cleanupSchema>[number];

/** One server in the settings file. Passwords have no field: they come from where libpq takes them. */
export const profileSchema = z.strictObject({
  host: text.optional(),
  port: z.int().min(1).max(65_535).optional(),
  user: text.optional(),
  database: text.optional(),
  sslmode: z.enum(SSL_MODES).optional(),
  sslrootcert: text.optional(),
  sslcert: text.optional(),
  sslkey: text.optional(),
  url: urlSchema.optional(),
  service: text.optional(),
  connect_timeout: z.number().min(0).max(3600).optional(),
  environment: z.enum(ENVIRONMENTS).optional(),
  readOnly: z.boolean().optional(),
  thresholds: thresholdOverridesSchema.optional(),
  intervals: intervalsSchema.optional(),
  backup: backupSchema.optional(),
  waivers: z.array(waiverSchema).optional(),
  cleanup: cleanupSchema.optional(),
  /** What is done again and again: what differs from the usual plan. */
  routine: routineSchema.optional(),
  notify: notifySchema.optional(),
  schema: schemaSchema.optional(),
  /** Where the server's own programs and files are. */
  runs_on: runsOnSchema.optional(),
  /** Where the team's migration tool runs. */
  migrations: z.strictObject({ runs_on: runsOnSchema.optional() }).optional(),
  /** The command that restarts the server, where it runs; with docker, on this machine instead of `docker restart`. */
  restart: text.optional(),
  /** What works with the database, how it is stopped and started, and how it tells that it is well. */
  app: appSchema.optional(),
});

export type Profile = z.output<typeof profileSchema>;

export const PROFILE_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$/u;

/** The settings file, as sparse as it was written: what is absent has its default elsewhere. */
export const settingsSchema = z
  .strictObject({
    profiles: z
      .record(
        z.string().regex(PROFILE_NAME, 'expected letters, digits, dot, dash and underscore'),
        profileSchema,
      )
      .default({}),
    defaultProfile: text.optional(),
    thresholds: thresholdOverridesSchema.optional(),
    intervals: intervalsSchema.optional(),
    backup: backupSchema.optional(),
    routine: routineSchema.optional(),
    notify: notifySchema.optional(),
    display: z
      .strictObject({
        ascii: z.boolean().optional(),
        color: z.boolean().optional(),
        /** Of the console, which tells what is wrong with it. */
        theme: z.unknown().optional(),
      })
      .optional(),
    /**
     * Keys of the console, by its actions. What is wrong there is told by the console, which starts with its own: a
     * backup at night needs no keys.
     */
    keys: z.unknown().optional(),
  })
  .superRefine((settings, context) => {
    const { defaultProfile, profiles, thresholds } = settings;
    if (defaultProfile !== undefined && !Object.hasOwn(profiles, defaultProfile))
      context.addIssue({
        code: 'custom',
        path: ['defaultProfile'],
        message: `expected the name of a profile, got ${JSON.stringify(defaultProfile)}`,
      });
    const check = (path: string[], merged: ReturnType<typeof mergeThresholds>) => {
      for (const { id, message } of misordered(merged))
        context.addIssue({ code: 'custom', path: [...path, 'thresholds', id], message });
    };
    check([], mergeThresholds(thresholds));
    for (const [name, profile] of Object.entries(profiles))
      if (profile.thresholds) check(['profiles', name], mergeThresholds(thresholds, profile.thresholds));
  });

export type Settings = z.output<typeof settingsSchema>;

/** What holds when there is no settings file. */
export const NO_SETTINGS: Settings = { profiles: {} };

/** The defaults with the overrides laid over them, the later ones on top. */
export function mergeIntervals(...overrides: (Settings['intervals'] | undefined)[]): Intervals {
  const merged = Object.entries(INTERVALS).map(([id, { default: value }]) => {
    const given = overrides.map((one) => one?.[id as keyof Intervals]).filter((v) => v !== undefined);
    return [id, given.at(-1) ?? value];
  });
  return Object.freeze(Object.fromEntries(merged)) as Intervals;
}
