import { z } from 'zod';
import { clusterFields, kubernetesName, runsOnSchema } from './runs-on.ts';

const text = z.string().min(1);
/** Nothing that a program would take for an option. */
const word = text.regex(/^[^-\s]\S*$/, 'expected a name');

const composePart = z.strictObject({
  kind: z.literal('compose'),
  services: z.array(word).min(1),
  /** That of the server without it, where it is of compose. */
  project: word.optional(),
});
const kubectlPart = z.strictObject({
  kind: z.literal('kubectl'),
  deployment: kubernetesName('a deployment'),
  ...clusterFields,
});
const systemctlPart = z.strictObject({
  kind: z.literal('systemctl'),
  units: z.array(word).min(1),
  /** With sudo, which must ask for nothing. */
  sudo: z.boolean().optional(),
});
const commandPart = z.strictObject({ kind: z.literal('command'), stop: text, start: text });

const partSchema = z.discriminatedUnion('kind', [composePart, kubectlPart, systemctlPart, commandPart]);

export type AppPart = z.output<typeof partSchema>;

const checkSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'expected a URL such as http://localhost:3001/health' }),
  /** The status that is expected; any from 200 to 299 without it. */
  status: z.int().min(100).max(599).optional(),
  /** Seconds until it is given up. */
  timeout: z.int().min(1).max(3600).optional(),
});

/** What works with the database, and is stopped while it is replaced. */
export const appSchema = z
  .strictObject({
    /** Where the commands run that stop and start it. */
    runs_on: runsOnSchema.optional(),
    /** A command, or the parts in the order in which they are stopped; known kinds are started again as they were. */
    stop: z.union([text, partSchema.transform((part) => [part]), z.array(partSchema).min(1)]).optional(),
    /** What starts it again, where a command stops it. */
    start: text.optional(),
    /** Asked once the application is to be up: after a restore, a fix, a migration. */
    check: z.union([checkSchema.shape.url.transform((url) => ({ url })), checkSchema]).optional(),
  })
  .superRefine(({ stop, start }, context) => {
    if (typeof stop === 'string' && start === undefined)
      context.addIssue({
        code: 'custom',
        path: ['start'],
        message: 'expected the command that starts what stop stops',
      });
    if (typeof stop !== 'string' && start !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['start'],
        message: 'expected only where stop is a command: other kinds are started as they were',
      });
  });

export type AppCheck = z.output<typeof checkSchema>;

/** The application of a profile, as operations use it. */
export interface AppSettings {
  /** In the order in which they are stopped; none where nothing is. */
  readonly parts: readonly AppPart[];
  readonly check: AppCheck | undefined;
}

export function appSettings({ stop, start, check }: z.output<typeof appSchema> = {}): AppSettings {
  const parts =
    typeof stop === 'string' ? [{ kind: 'command' as const, stop, start: start ?? '' }] : (stop ?? []);
  return { parts, check };
}
