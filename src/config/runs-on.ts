import { z } from 'zod';

const text = z.string().min(1);

/**
 * What ssh takes as a destination. It hands parts of it to the shell of a ProxyCommand, so nothing that a shell reads
 * stands in it; no part begins with a dash, which would be an option there.
 */
const DESTINATION = /^(?!-)(?!.*[@/]-)[\p{L}\p{N}_.@:/[\]%+-]+$/u;

/** How a server is reached from where the programs run, where that is another address than the profile's. */
const there = {
  /** Host name or directory of the socket, as seen from there. */
  host: text.optional(),
  port: z.int().min(1).max(65_535).optional(),
};

const localSchema = z.strictObject({ kind: z.literal('local') });

const dockerSchema = z.strictObject({
  kind: z.literal('docker'),
  /** Name or id of the container. */
  container: text.regex(/^[\w][\w.-]*$/, 'expected the name or the id of a container'),
  /** The user in the container whose programs run; the image's own without it. */
  user: text.optional(),
  ...there,
});

const sshSchema = z.strictObject({
  kind: z.literal('ssh'),
  /** As ssh takes it: `user@host` or a Host of the ssh configuration. */
  destination: text.regex(
    DESTINATION,
    'expected a destination of ssh, such as user@host or a Host of its configuration',
  ),
  /** Another ssh configuration than the user's: an absolute path. */
  config: z.string().startsWith('/', 'expected an absolute path').optional(),
  /** Connections of the console and of operations go through a forwarded port, too. */
  tunnel: z.boolean().optional(),
  ...there,
});

/** Where commands run. Keys, agents and passwords of ssh and docker are their own: there is no field for them. */
export const runsOnSchema = z.discriminatedUnion('kind', [localSchema, dockerSchema, sshSchema]);

export type RunsOn = z.output<typeof runsOnSchema>;
export type DockerRunsOn = z.output<typeof dockerSchema>;
export type SshRunsOn = z.output<typeof sshSchema>;

/** Of the server's programs and files, of the migrations' tool, and of the application's commands. */
export interface Places {
  readonly server: RunsOn;
  readonly migrations: RunsOn;
  readonly app: RunsOn;
}

const LOCAL: RunsOn = { kind: 'local' };

/** Migrations and the application run on this machine, where their project is, unless the profile says otherwise. */
export function placesOf(
  profile: {
    readonly runs_on?: RunsOn | undefined;
    readonly migrations?: { readonly runs_on?: RunsOn | undefined } | undefined;
    readonly app?: { readonly runs_on?: RunsOn | undefined } | undefined;
  } = {},
): Places {
  return {
    server: profile.runs_on ?? LOCAL,
    migrations: profile.migrations?.runs_on ?? LOCAL,
    app: profile.app?.runs_on ?? LOCAL,
  };
}
