import { z } from 'zod';
import { createInput as databaseInput } from '../../databases/create/input.ts';
import { KINDS } from '../../role/grant/rights.ts';

const text = z.string().min(1);
const seconds = z.number().min(1).max(3600);

/** A value that is in no file: the name of the variable that has it. */
const fromEnvironment = z.strictObject({
  env: text.regex(/^[A-Za-z_]\w*$/, 'expected the name of an environment variable'),
});
export type FromEnvironment = z.output<typeof fromEnvironment>;

const command = z
  .array(text, 'expected a command as a list of words: ["docker", "compose", "up", "-d"]')
  .min(1);

const { name: _, ...databaseShape } = databaseInput.shape;

const roleSchema = z.strictObject({
  name: text,
  /** Without one it is generated, and shown once. */
  password: fromEnvironment.optional(),
  no_password: z.boolean().default(false),
  no_login: z.boolean().default(false),
  member_of: z.array(text).default([]),
  comment: text.optional(),
  /** What it is for in the database: the grants of `role grant`. */
  as: z.enum(KINDS).optional(),
  /** Only in these schemas; all without it. */
  schemas: z.array(text).default([]),
});
export type SetupRole = z.output<typeof roleSchema>;

const sqlSchema = z.union(
  [
    text.transform((file) => ({ file, set: {} as Record<string, string> })),
    z.strictObject({ file: text, set: z.record(text, z.string()).default({}) }),
  ],
  'expected the path of an SQL file, or {"file": …, "set": {…}}',
);
export type SetupSql = z.output<typeof sqlSchema>;

const initSchema = z.strictObject({
  command,
  /** Variables of the command: written here, or taken from the environment of pgdeck. */
  env: z
    .record(text, z.union([z.string(), fromEnvironment], 'expected a text, or {"env": "NAME"}'))
    .default({}),
  /** It may be run again where it was killed, or nobody knows whether it has run. */
  repeatable: z.boolean().default(false),
});
export type SetupInit = z.output<typeof initSchema>;

const appSchema = z.strictObject({
  restart: command.optional(),
  check: z
    .strictObject({
      url: z.url({ protocol: /^https?$/, error: 'expected an address of http or https' }),
      /** What it has to answer; any of 2xx without it. */
      status: z.int().min(100).max(599).optional(),
      /** How long it may take to come up. */
      wait_seconds: seconds.default(60),
    })
    .optional(),
});
export type SetupApp = z.output<typeof appSchema>;

/** pgdeck.setup.json: what a project's database is made of. */
export const setupSchema = z.strictObject({
  $schema: z.string().optional(),
  server: z
    .strictObject({
      /** Started where the application's commands run, where the server does not answer. */
      start: command,
      wait_seconds: seconds.default(60),
    })
    .optional(),
  /** Without a name it is the connection's. */
  database: z.strictObject({ name: text.optional(), ...databaseShape }).prefault({}),
  roles: z.array(roleSchema).default([]),
  sql: z.array(sqlSchema).default([]),
  migrations: z
    .strictObject({ tool: text.optional(), dir: text, acknowledge: z.array(text).default([]) })
    .optional(),
  init: initSchema.optional(),
  app: appSchema.prefault({}),
});
export type SetupFile = z.output<typeof setupSchema>;
