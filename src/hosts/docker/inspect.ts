import { z } from 'zod';

/** What `docker inspect` says of a container, as far as it matters here: its environment may hold passwords. */
const schema = z.object({
  Id: z.string().regex(/^[0-9a-f]{64}$/),
  Name: z.string(),
  State: z.object({
    Running: z.boolean(),
    Paused: z.boolean().default(false),
    Restarting: z.boolean().default(false),
    ExitCode: z.int().default(0),
    StartedAt: z.string(),
    OOMKilled: z.boolean().default(false),
  }),
  RestartCount: z.number().default(0),
  /** Of the image; Config has the name that it was started by, which may mean another one by now. */
  Image: z.string().optional(),
  Config: z.object({
    Image: z.string(),
    User: z.string().default(''),
    Labels: z.record(z.string(), z.string()).nullish(),
    ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    Env: z.array(z.string()).nullish(),
  }),
  HostConfig: z.object({ PidMode: z.string().default(''), NetworkMode: z.string().default('') }),
  NetworkSettings: z.object({
    Ports: z
      .record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable())
      .nullish(),
    Networks: z.record(z.string(), z.object({ IPAddress: z.string().default('') })).nullish(),
  }),
  Mounts: z
    .array(
      z.object({
        Type: z.string(),
        Name: z.string().optional(),
        Source: z.string().optional(),
        Destination: z.string(),
        RW: z.boolean().default(true),
      }),
    )
    .default([]),
});

/** A container, as it was when it was asked for. */
export interface Container {
  /** All 64 digits: it never means another container. */
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  readonly paused: boolean;
  /** It has ended, and docker is about to start it again. */
  readonly restarting: boolean;
  /** With which it ended last. */
  readonly exitCode: number;
  /** It was killed because memory ran out. */
  readonly outOfMemory: boolean;
  /** How often docker has started it again. */
  readonly restarts: number;
  /** Another text after each start. */
  readonly startedAt: string;
  readonly image: string;
  /** The image itself, whatever bears its name now. */
  readonly imageId: string;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It sees the processes of its machine. */
  readonly seesMachine: boolean;
  /** It has the network of its machine. */
  readonly hostNetwork: boolean;
  /** Ports that are exposed, with where they are published on its machine. */
  readonly ports: readonly {
    readonly port: number;
    readonly published: readonly { readonly host: string; readonly port: number }[];
  }[];
  /** Of its networks, where it is reached from its machine. */
  readonly addresses: readonly string[];
  /** Variables of its environment that are no secret: `POSTGRES_USER`, `PGDATA`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly {
    readonly type: string;
    readonly name?: string | undefined;
    readonly source?: string | undefined;
    readonly destination: string;
    /** The container may write to it. */
    readonly writes: boolean;
  }[];
}

const TOLD = new Set([
  'POSTGRES_USER',
  'POSTGRES_DB',
  'PGDATA',
  'PGPORT',
  'PGUSER',
  'PG_MAJOR',
  'PG_VERSION',
]);

/** What a list of containers in docker's words says. Throws a ZodError or SyntaxError where it says something else. */
export function containersOf(text: string): Container[] {
  return z.array(schema).parse(JSON.parse(text)).map(container);
}

function container(one: z.output<typeof schema>): Container {
  const published = one.NetworkSettings.Ports ?? {};
  const exposed = new Set([...Object.keys(published), ...Object.keys(one.Config.ExposedPorts ?? {})]);
  const pairs = (one.Config.Env ?? []).map((text) => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return {
    id: one.Id,
    name: one.Name.replace(/^\//, ''),
    running: one.State.Running,
    paused: one.State.Paused,
    restarting: one.State.Restarting,
    exitCode: one.State.ExitCode,
    outOfMemory: one.State.OOMKilled,
    restarts: one.RestartCount,
    startedAt: one.State.StartedAt,
    image: one.Config.Image,
    imageId: one.Image ?? one.Config.Image,
    user: one.Config.User,
    labels: one.Config.Labels ?? {},
    seesMachine: one.HostConfig.PidMode === 'host',
    hostNetwork: one.HostConfig.NetworkMode === 'host',
    ports: [...exposed]
      .filter((name) => name.endsWith('/tcp'))
      .map((name) => ({
        port: Number.parseInt(name, 10),
        published: (published[name] ?? []).map(({ HostIp, HostPort }) => ({
          host: HostIp,
          port: Number(HostPort),
        })),
      })),
    addresses: Object.values(one.NetworkSettings.Networks ?? {})
      .map(({ IPAddress }) => IPAddress)
      .filter((address) => address !== ''),
    environment: Object.fromEntries(pairs.filter(([name]) => TOLD.has(name))),
    mounts: one.Mounts.map((mount) => ({
      type: mount.Type,
      name: mount.Name,
      source: mount.Source,
      destination: mount.Destination,
      writes: mount.RW,
    })),
  };
}
