import type { KubectlRunsOn } from '../../config/runs-on.ts';
import { CommandError } from '../host.ts';
import type { ClientEnd, Way } from '../remote/way.ts';
import { kubectlErrors } from './errors.ts';
import { type Cluster, clusterError, clusterWords, pinnedCluster } from './kubectl.ts';
import { type Pod, podOf } from './pod.ts';
import { troubleOf } from './state.ts';

/** Milliseconds between two looks at a pod while a command runs: exec freezes where it is deleted (kubernetes 129144). */
const LOOK_MS = 10_000;

/**
 * The way into a pod that runs: `kubectl exec` by its name, which a pod made anew has as well, so its UID and the run of
 * its container are looked at. Throws {@link CommandError} where it does not run.
 */
export async function kubectlWay(
  runsOn: KubectlRunsOn,
  signal?: AbortSignal,
): Promise<Way & { readonly pod: Pod; readonly cluster: Cluster }> {
  const cluster = await pinnedCluster(runsOn, signal);
  const pinned = await podOf(cluster, runsOn, signal);
  const { name, container, uid } = pinned;
  const trouble = pinned.running && !pinned.leaving ? undefined : troubleOf(pinned);
  if (trouble !== undefined) throw kubectlErrors.down({ why: trouble });
  const exec = ['kubectl', ...clusterWords(cluster), 'exec', '-i', name, '-c', container, '--'] as const;
  return {
    kind: 'kubectl',
    label: `the pod ${name}`,
    client: 'kubectl',
    pod: pinned,
    cluster,
    // its first process is another one's, which a restart of the container leaves as it is
    asksFirst: pinned.seesMore,
    lookMs: LOOK_MS,
    keepsInput: true,
    argv: async (words) => [...exec, ...words],
    check: async () => {
      const now = await podOf(cluster, { pod: name, container }).catch((error: unknown) => {
        throw error instanceof CommandError && error.kind === 'missing'
          ? kubectlErrors.gone({ pod: name })
          : error;
      });
      if (now.uid !== uid) throw kubectlErrors.replaced({ pod: name });
      if (now.leaving) throw kubectlErrors.leaving({ pod: name });
      if (now.run !== pinned.run) throw kubectlErrors.restarted({ pod: name, container });
    },
    typed: { words: exec, again: false },
    explain: (end) => explain(end, name),
  };
}

/** kubectl ends with 1 for all that is wrong with it, and with 126 or 127 where there is no shell. */
function explain({ stderr, stdout, exitCode }: ClientEnd, pod: string): CommandError | undefined {
  const said = `${stderr}\n${stdout}`;
  const cluster = clusterError(said);
  if (cluster !== undefined) return cluster;
  if (/pods? "[^"]*" not found|container not found/i.test(said)) return kubectlErrors.gone({ pod });
  if (/exec(?:utable)?\b.*(?:not found|no such file|permission denied)/is.test(said) && exitCode !== 0)
    return kubectlErrors.noShell({ pod });
  if (/cannot exec (?:into|in) a container in a completed pod|unable to upgrade connection/i.test(said))
    return kubectlErrors.failed({ said });
  return undefined;
}
