import { z } from 'zod';
import { shWord } from '../../text/shell.ts';
import { kubectlErrors } from './errors.ts';
import { type Cluster, clusterWords, kubectl } from './kubectl.ts';
import { type Pod, parsed } from './pod.ts';

/** What makes pods, and can be restarted and scaled. */
export interface Workload {
  readonly kind: 'deployment' | 'statefulset';
  readonly name: string;
}

export const workloadText = ({ kind, name }: Workload): string => `${kind}/${name}`;

/** A deployment or a StatefulSet in kubectl's JSON. */
export const workloadSchema = z.object({
  spec: z.object({
    replicas: z.int().min(0).default(1),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }),
  }),
  status: z.object({ replicas: z.int().default(0), readyReplicas: z.int().default(0) }).default({
    replicas: 0,
    readyReplicas: 0,
  }),
});

export type WorkloadState = z.output<typeof workloadSchema>;

/** The labels of its pods, as a selector; undefined where it chooses them in another way. */
export function labelsOf({ spec }: WorkloadState): string | undefined {
  const labels = Object.entries(spec.selector.matchLabels).map(([name, value]) => `${name}=${value}`);
  return labels.length === 0 ? undefined : labels.join(',');
}

/** How many pods it is to have, and has. */
export interface Count {
  readonly wanted: number;
  readonly ready: number;
  /** Pods that are there, those that end included. */
  readonly there: number;
}

/** Throws {@link CommandError} where there is none. */
export async function countOf(cluster: Cluster, workload: Workload, signal?: AbortSignal): Promise<Count> {
  const state = parsed(workloadSchema, await got(cluster, workload, signal));
  const { spec, status } = state;
  const labels = labelsOf(state);
  const pods =
    labels === undefined
      ? undefined
      : await kubectl(cluster, ['get', 'pods', '-l', labels, '-o', 'name'], { signal });
  const listed = pods?.exitCode === 0 ? pods.stdout.split('\n').filter((line) => line !== '').length : 0;
  return { wanted: spec.replicas, ready: status.readyReplicas, there: Math.max(listed, status.replicas) };
}

async function got(cluster: Cluster, workload: Workload, signal?: AbortSignal): Promise<string> {
  const { kind, name } = workload;
  const { exitCode, stdout, stderr } = await kubectl(cluster, ['get', kind, name, '-o', 'json'], { signal });
  if (exitCode === 0) return stdout;
  throw /not found/i.test(stderr)
    ? kubectlErrors.noWorkload({ workload: workloadText(workload), kind })
    : kubectlErrors.failed({ said: stderr });
}

const ownerSchema = z.object({
  metadata: z.object({
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).nullish(),
  }),
});

/** What makes a pod anew when it is gone; undefined for one that nobody makes anew, or another kind. Throws {@link CommandError}. */
export async function workloadOf(cluster: Cluster, { owner }: Pod): Promise<Workload | undefined> {
  if (owner?.kind === 'StatefulSet') return { kind: 'statefulset', name: owner.name };
  if (owner?.kind !== 'ReplicaSet') return undefined;
  const { exitCode, stdout, stderr } = await kubectl(cluster, [
    'get',
    'replicaset',
    owner.name,
    '-o',
    'json',
  ]);
  if (exitCode !== 0) throw kubectlErrors.failed({ said: stderr });
  const above = (parsed(ownerSchema, stdout).metadata.ownerReferences ?? []).find(
    ({ kind }) => kind === 'Deployment',
  );
  return above && { kind: 'deployment', name: above.name };
}

/** As it is typed: begun anew, and waited for. */
export function rolloutLine(cluster: Cluster, workload: string, seconds: number): string {
  const line = (...words: string[]) => ['kubectl', ...clusterWords(cluster), ...words].map(shWord).join(' ');
  return `${line('rollout', 'restart', workload)} && ${line('rollout', 'status', workload, `--timeout=${seconds}s`)}`;
}
