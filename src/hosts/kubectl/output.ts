import type { ContainerOutput } from '../host.ts';
import { kubectlErrors } from './errors.ts';
import { type Cluster, kubectl } from './kubectl.ts';
import type { Pod } from './pod.ts';

/** A cluster that has to fetch a large log from a node is slow. */
const TIMEOUT_MS = 60_000;

/** What the node keeps of a container's output; both streams come as one. */
export function podOutput(cluster: Cluster, { name, container }: Pod): ContainerOutput {
  return {
    tail: async (lines, { signal } = {}) => {
      const words = ['logs', name, '-c', container, '--timestamps', `--tail=${lines}`];
      const { exitCode, stdout, stderr } = await kubectl(cluster, words, { signal, timeout: TIMEOUT_MS });
      if (exitCode === 0) return { stdout, stderr };
      throw /not found/i.test(stderr)
        ? kubectlErrors.gone({ pod: name })
        : kubectlErrors.failed({ said: stderr });
    },
  };
}
