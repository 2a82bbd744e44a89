import { cleanLine } from '../../text/clean.ts';
import { isServerImage } from '../docker/postgres.ts';
import { CommandError } from '../host.ts';
import { kubectlErrors } from './errors.ts';
import { kubectl } from './kubectl.ts';

/** A pod that holds a server of PostgreSQL, by its image. */
export interface FoundPod {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly container: string;
  readonly image: string;
  /** It has other containers, too. */
  readonly several: boolean;
}

/** Few words for each pod: a cluster may have thousands. */
const COLUMNS = [
  '.metadata.namespace',
  '.metadata.name',
  '.status.phase',
  '.spec.containers[*].name',
  '.spec.containers[*].image',
]
  .map((path, at) => `${at}:${path}`)
  .join(',');
const WORDS = ['--no-headers', '--request-timeout=10s', '-o', `custom-columns=${COLUMNS}`];

/**
 * The servers in pods of the cluster that is current, in all namespaces that this user may see; none where there is no
 * kubectl or it has no cluster. Throws {@link CommandError} where the cluster is not reached.
 */
export async function serverPods(signal?: AbortSignal): Promise<readonly FoundPod[]> {
  const current = await kubectl({}, ['config', 'current-context'], { signal }).catch((error: unknown) => {
    if (error instanceof CommandError && error.kind === 'missing') return undefined;
    throw error;
  });
  if (current?.exitCode !== 0) return [];
  const everywhere = await kubectl({}, ['get', 'pods', '-A', ...WORDS], { signal }).catch(
    (error: unknown) => {
      if (error instanceof CommandError && error.kind === 'denied') return undefined;
      throw error;
    },
  );
  const { exitCode, stdout, stderr } =
    everywhere ?? (await kubectl({}, ['get', 'pods', ...WORDS], { signal }));
  if (exitCode !== 0) throw kubectlErrors.failed({ said: stderr });
  return stdout.split('\n').flatMap(podIn);
}

function podIn(line: string): FoundPod[] {
  const [namespace = '', name = '', phase = '', names = '', images = ''] = cleanLine(line)
    .trim()
    .split(/\s+/);
  const containers = names.split(',');
  const servers = images
    .split(',')
    .map((image, at) => ({ image, container: containers[at] ?? '' }))
    .filter(({ image }) => isServerImage(image));
  const [server] = servers;
  if (server === undefined || /^(?:Succeeded|Failed)$/.test(phase)) return [];
  return [{ namespace, name, phase, ...server, several: containers.length > 1 }];
}
