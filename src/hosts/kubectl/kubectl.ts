import type { KubectlRunsOn } from '../../config/runs-on.ts';
import type { CommandError, RunResult } from '../host.ts';
import { run } from '../local.ts';
import { kubectlErrors } from './errors.ts';

/** Where kubectl is to look. */
export type Cluster = Pick<KubectlRunsOn, 'context' | 'namespace'>;

/** Milliseconds after which a cluster that says nothing counts as not reached. */
const TIMEOUT_MS = 30_000;

/** The words that every command of kubectl begins with: it is the cluster that was meant, whatever is current. */
export function clusterWords({ context, namespace }: Cluster): string[] {
  return [
    ...(context === undefined ? [] : [`--context=${context}`]),
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
  ];
}

/** Runs kubectl on this machine. Throws {@link CommandError} when it is missing or does not reach its cluster. */
export async function kubectl(
  cluster: Cluster,
  args: readonly string[],
  {
    signal,
    timeout = TIMEOUT_MS,
  }: { readonly signal?: AbortSignal | undefined; readonly timeout?: number } = {},
): Promise<RunResult> {
  const result = await run('kubectl', [...clusterWords(cluster), ...args], {
    timeout,
    ...(signal && { signal }),
  });
  const error = result.exitCode === 0 ? undefined : clusterError(result.stderr);
  if (error !== undefined) throw error;
  return result;
}

const AWAY: readonly (readonly [RegExp, string])[] = [
  [
    /context was not found for specified context: (\S+)|context "([^"]+)" does not exist/i,
    'its kubeconfig has no such context. kubectl config get-contexts lists them.',
  ],
  [
    /(?:connection to the server \S+ was refused|unable to connect to the server|no route to host|i\/o timeout|tls handshake timeout|network is unreachable)/i,
    'it does not answer. Check the network or a VPN, and that kubectl get pods works.',
  ],
  [
    /you must be logged in|\(unauthorized\)|getting credentials: exec|token (?:has|is) expired/i,
    'it lets nobody in. Log in again; kubectl get pods must work without a question.',
  ],
  [/no configuration has been provided|invalid configuration/i, 'there is no kubeconfig that it can use.'],
];

/** What kubectl says when it has no cluster to ask, or may not: undefined for what is about one pod. */
export function clusterError(stderr: string): CommandError | undefined {
  for (const [pattern, why] of AWAY)
    if (pattern.test(stderr)) return kubectlErrors.cluster({ said: stderr, why });
  return /\(forbidden\)/i.test(stderr) ? kubectlErrors.forbidden({ said: stderr }) : undefined;
}

/** The cluster with the context that is current now, so that it stays the same when that is changed. */
export async function pinnedCluster(cluster: Cluster, signal?: AbortSignal): Promise<Cluster> {
  if (cluster.context !== undefined) return cluster;
  const { exitCode, stdout } = await kubectl({}, ['config', 'current-context'], { signal });
  const context = stdout.trim();
  // none within a cluster, where the pod's own account is used
  return exitCode === 0 && /^[^-\s]\S*$/.test(context) ? { ...cluster, context } : cluster;
}
