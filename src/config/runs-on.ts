import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Target } from '../db/target.ts';

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

/** As docker compose normalizes names of projects, and takes those of services. */
const composeSchema = z.strictObject({
  kind: z.literal('compose'),
  project: text.regex(/^[a-z0-9][a-z0-9_-]*$/, 'expected the name of a project, as docker compose ls has it'),
  service: text.regex(/^[a-zA-Z0-9][\w.-]*$/, 'expected the name of a service of the project'),
  /** The user in the container whose programs run; the image's own without it. */
  user: text.optional(),
  ...there,
});

const KUBERNETES_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** How kubectl finds a cluster and a part of it; what the kubeconfig says where they are absent. */
export const clusterFields = {
  context: text.regex(/^[^-\s][^\s]*$/, 'expected a context of the kubeconfig').optional(),
  namespace: text.regex(KUBERNETES_NAME, 'expected the name of a namespace').optional(),
};

export const kubernetesName = (what: string) =>
  text.max(253).regex(KUBERNETES_NAME, `expected the name of ${what}`);

const kubectlSchema = z
  .strictObject({
    kind: z.literal('kubectl'),
    ...clusterFields,
    pod: kubernetesName('a pod').optional(),
    /** Labels that one pod alone has: `app=postgres,role=primary`. */
    selector: text.regex(/^[^-\s'"]["'()!=,\w ./-]*$/, 'expected labels such as app=postgres').optional(),
    /** Needed where the pod has several and none is called the usual one. */
    container: kubernetesName('a container').optional(),
    /** Connections of the console and of operations go through `kubectl port-forward`, too. */
    forward: z.boolean().optional(),
    ...there,
  })
  .refine(({ pod, selector }) => (pod === undefined) !== (selector === undefined), {
    error: 'expected either pod or selector',
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
export const runsOnSchema = z.discriminatedUnion('kind', [
  localSchema,
  dockerSchema,
  composeSchema,
  kubectlSchema,
  sshSchema,
]);

export type RunsOn = z.output<typeof runsOnSchema>;
export type DockerRunsOn = z.output<typeof dockerSchema>;
export type ComposeRunsOn = z.output<typeof composeSchema>;
export type KubectlRunsOn = z.output<typeof kubectlSchema>;
export type SshRunsOn = z.output<typeof sshSchema>;
export type ContainerRunsOn = DockerRunsOn | ComposeRunsOn | KubectlRunsOn;

/** Whether its programs see nothing of their machine but what its container has. */
export function isContainer(runsOn: RunsOn): runsOn is ContainerRunsOn {
  return runsOn.kind === 'docker' || runsOn.kind === 'compose' || runsOn.kind === 'kubectl';
}

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

/** What a place is called. */
export function placeLabel(runsOn: RunsOn): string {
  switch (runsOn.kind) {
    case 'local':
      return 'this machine';
    case 'docker':
      return `the container ${runsOn.container}`;
    case 'compose':
      return `the service ${runsOn.service} of ${runsOn.project}`;
    case 'kubectl':
      return runsOn.pod === undefined ? `the pod of ${runsOn.selector}` : `the pod ${runsOn.pod}`;
    case 'ssh':
      return runsOn.destination;
  }
}

/** Whether two are one place, however the server is reached from there. */
export function isSamePlace(one: RunsOn, other: RunsOn): boolean {
  const bare = (runsOn: RunsOn) => ({ ...runsOn, host: undefined, port: undefined, forward: undefined });
  return isDeepStrictEqual(bare(one), bare(other));
}

/** Where a server is that a container runs, seen from within. */
const IN_CONTAINER = { host: 'localhost', port: 5432 };
const THIS_MACHINE = /^(\/|localhost$|127\.|::1$)/;

/**
 * The same server as it is reached from where the programs run. Files of this machine are not there: certificates are
 * asked for only where the connection leaves that machine.
 */
export function targetThere(target: Target, runsOn: RunsOn): Target {
  if (runsOn.kind === 'local') return target;
  const usual = isContainer(runsOn) ? IN_CONTAINER : target;
  const { host = usual.host, port = usual.port } = runsOn;
  const { tls: _, tlsFiles, ...rest } = target;
  if (THIS_MACHINE.test(host))
    return { ...rest, host, port, sslmode: target.sslmode.startsWith('verify') ? 'prefer' : target.sslmode };
  return { ...rest, host, port, ...(tlsFiles && { tlsFiles }) };
}
