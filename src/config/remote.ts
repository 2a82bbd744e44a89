import { z } from 'zod';
import { runsOnSchema } from './runs-on.ts';

const text = z.string().min(1);

/** Of AWS: letters, digits, dots and dashes; others take more, but none a slash. */
const BUCKET = /^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/;

/** Where in a store the copies lie: parts of letters, digits and what needs no escape anywhere. */
const prefix = z
  .string()
  .regex(/^[\w.-]+(\/[\w.-]+)*\/?$/, 'expected a path such as pgdeck/prod')
  .refine(
    (path) => !path.split('/').some((part) => part === '.' || part === '..'),
    'expected a path without . and ..',
  );

/** What all kinds have. */
const every = {
  /** Which copies are kept there: `7 daily 4 weekly 12 monthly min 2`. */
  keep: text.optional(),
  /** Each backup is copied there once it is made. */
  after_backup: z.boolean().optional(),
  /** For whom what leaves is encrypted: recipients of age. */
  recipients: z
    .array(
      z
        .string()
        .regex(
          /^age1[a-z0-9]+$/,
          'expected a recipient of age, such as age1qyq…; the identity stays out of here',
        ),
    )
    .min(1, 'expected one recipient or more, or none of this')
    .optional(),
  /** The file that has the identity; only restores need it. */
  identity_file: z.string().startsWith('/', 'expected an absolute path').optional(),
};

const s3Schema = z.strictObject({
  kind: z.literal('s3'),
  bucket: text.regex(BUCKET, 'expected the name of a bucket'),
  prefix: prefix.optional(),
  /** Of a store that is not AWS: `https://minio.example:9000`. */
  endpoint: z
    .url({ protocol: /^https?$/, error: 'expected a URL of http or https' })
    .refine((url) => !/\/\/[^/]*@/.test(url), 'expected a URL without a password')
    .optional(),
  region: text.optional(),
  ...every,
});

const directorySchema = z.strictObject({
  kind: z.literal('directory'),
  /** On a disk of its own, or of another machine that is mounted here. */
  path: z.string().startsWith('/', 'expected an absolute path'),
  ...every,
});

const hostSchema = z.strictObject({
  kind: z.literal('host'),
  runs_on: runsOnSchema,
  /** There. */
  path: z.string().startsWith('/', 'expected an absolute path'),
  ...every,
});

/** Where copies of backups go that are to outlive this machine. Credentials have no field: they come from where AWS takes them. */
export const remoteSchema = z.discriminatedUnion('kind', [s3Schema, directorySchema, hostSchema]);

export type RemoteSettings = z.output<typeof remoteSchema>;
export type S3Settings = z.output<typeof s3Schema>;
