import { z } from 'zod';
import type { KubectlRunsOn } from '../../config/runs-on.ts';
import { isServerImage } from '../docker/postgres.ts';
import { kubectlErrors } from './errors.ts';
import { type Cluster, kubectl } from './kubectl.ts';

const endedSchema = z.object({
  exitCode: z.number(),
  reason: z.string().default(''),
  message: z.string().default(''),
  finishedAt: z.string().nullish(),
});
const stateSchema = z.object({
  running: z.object({ startedAt: z.string().nullish() }).optional(),
  waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional(),
  terminated: endedSchema.optional(),
});

const schema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default('default'),
    uid: z.string().min(1),
    deletionTimestamp: z.string().nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
    labels: z.record(z.string(), z.string()).nullish(),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().default(false) }))
      .nullish(),
  }),
  spec: z.object({
    nodeName: z.string().nullish(),
    hostPID: z.boolean().nullish(),
    shareProcessNamespace: z.boolean().nullish(),
    containers: z
      .array(
        z.object({
          name: z.string(),
          image: z.string().default(''),
          env: z.array(z.object({ name: z.string(), value: z.string().optional() })).nullish(),
        }),
      )
      .min(1),
    volumes: z
      .array(z.object({ persistentVolumeClaim: z.object({ claimName: z.string() }).optional() }))
      .nullish(),
  }),
  status: z.object({
    phase: z.string().default('Unknown'),
    reason: z.string().nullish(),
    message: z.string().nullish(),
    conditions: z
      .array(
        z.object({
          type: z.string(),
          status: z.string(),
          reason: z.string().nullish(),
          message: z.string().nullish(),
        }),
      )
      .nullish(),
    containerStatuses: z
      .array(
        z.object({
          name: z.string(),
          ready: z.boolean().default(false),
          restartCount: z.number().default(0),
          containerID: z.string().default(''),
          state: stateSchema.default({}),
          lastState: stateSchema.default({}),
        }),
      )
      .nullish(),
  }),
});

/** How a container ended. */
export type Ended = z.output<typeof endedSchema>;

/** A pod as it was when it was asked for, seen at the container of the server. */
export interface Pod {
  readonly name: string;
  readonly namespace: string;
  /** Another one after each reschedule, also where the name is the same. */
  readonly uid: string;
  readonly leaving: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** What makes it anew: a StatefulSet, a ReplicaSet. */
  readonly owner: { readonly kind: string; readonly name: string } | undefined;
  readonly phase: string;
  /** Why it is not placed or was put away, in the cluster's words. */
  readonly trouble: string | undefined;
  readonly container: string;
  readonly image: string;
  /** Another text after each start of the container. */
  readonly run: string;
  readonly ready: boolean;
  readonly running: boolean;
  readonly restarts: number;
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** How the container ended, now or the last time. */
  readonly ended: Ended | undefined;
  /** It sees the processes of its machine, or of the other containers. */
  readonly seesMore: boolean;
  readonly claims: readonly string[];
  /** Of POSTGRES_USER, POSTGRES_DB and PGPORT what stands in its manifest, not what comes from a Secret. */
  readonly environment: Readonly<Record<string, string>>;
}

const TOLD = new Set(['POSTGRES_USER', 'POSTGRES_DB', 'PGPORT']);

type Which = Pick<KubectlRunsOn, 'pod' | 'selector' | 'container'>;

/** The pod that is meant, in whatever state. Throws {@link CommandError}. */
export async function podOf(cluster: Cluster, which: Which, signal?: AbortSignal): Promise<Pod> {
  const found = await rawOf(cluster, which, signal);
  return read(found, which.container);
}

async function rawOf(
  cluster: Cluster,
  { pod, selector = '' }: Which,
  signal: AbortSignal | undefined,
): Promise<z.output<typeof schema>> {
  if (pod !== undefined) {
    const { exitCode, stdout, stderr } = await kubectl(cluster, ['get', 'pod', pod, '-o', 'json'], {
      signal,
    });
    if (exitCode !== 0)
      throw /notfound|not found/i.test(stderr)
        ? kubectlErrors.none({ pod })
        : kubectlErrors.failed({ said: stderr });
    return parsed(schema, stdout);
  }
  const { exitCode, stdout, stderr } = await kubectl(cluster, ['get', 'pods', '-l', selector, '-o', 'json'], {
    signal,
  });
  if (exitCode !== 0) throw kubectlErrors.failed({ said: stderr });
  const all = parsed(z.object({ items: z.array(schema) }), stdout).items;
  // one that has done its work, or goes, is not what is meant
  const live = all.filter(
    ({ metadata, status }) => !metadata.deletionTimestamp && !/^(Succeeded|Failed)$/.test(status.phase),
  );
  const [first] = live.length > 0 ? live : all;
  if (first === undefined) throw kubectlErrors.noneOf({ selector });
  if (live.length > 1)
    throw kubectlErrors.several({ selector, pods: live.map(({ metadata }) => metadata.name) });
  return first;
}

/** What kubectl wrote as JSON. Throws {@link CommandError} where it is something else. */
export function parsed<Schema extends z.ZodType>(shape: Schema, text: string): z.output<Schema> {
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    throw kubectlErrors.unread();
  }
}

function read({ metadata, spec, status }: z.output<typeof schema>, named: string | undefined): Pod {
  const { name, namespace, uid, annotations, labels, ownerReferences } = metadata;
  const has = spec.containers.map((one) => one.name);
  const usual = annotations?.['kubectl.kubernetes.io/default-container'];
  const only = has.length === 1 ? has[0] : undefined;
  const servers = spec.containers.filter(({ image }) => isServerImage(image));
  const container = named ?? only ?? usual ?? (servers.length === 1 ? servers[0]?.name : undefined);
  if (container === undefined) throw kubectlErrors.whichContainer({ pod: name, has });
  const spoken = spec.containers.find((one) => one.name === container);
  if (spoken === undefined) throw kubectlErrors.noContainer({ pod: name, container, has });
  const own = (status.containerStatuses ?? []).find((one) => one.name === container);
  const owner = (ownerReferences ?? []).find((one) => one.controller) ?? ownerReferences?.[0];
  const unplaced = (status.conditions ?? []).find(
    (one) => one.type === 'PodScheduled' && one.status === 'False',
  );
  const { state = {}, lastState = {} } = own ?? {};
  return {
    name,
    namespace,
    uid,
    leaving: Boolean(metadata.deletionTimestamp),
    labels: labels ?? {},
    owner: owner && { kind: owner.kind, name: owner.name },
    phase: status.phase,
    trouble: (unplaced ?? status).message ?? (unplaced ?? status).reason ?? undefined,
    container,
    image: spoken.image,
    run: `${own?.containerID ?? ''} ${state.running?.startedAt ?? ''} ${own?.restartCount ?? 0}`,
    ready: own?.ready ?? false,
    running: state.running !== undefined,
    restarts: own?.restartCount ?? 0,
    waiting: state.waiting,
    ended: state.terminated ?? lastState.terminated,
    seesMore: spec.hostPID === true || spec.shareProcessNamespace === true,
    claims: (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) => claim?.claimName ?? []),
    environment: Object.fromEntries(
      (spoken.env ?? []).flatMap(({ name: key, value }) =>
        TOLD.has(key) && value !== undefined ? [[key, value]] : [],
      ),
    ),
  };
}
