import type { ComposeRunsOn, RunsOn } from '../../config/runs-on.ts';
import { docker } from '../docker/docker.ts';
import { composeErrors } from './errors.ts';

const LABEL = 'com.docker.compose';

interface Listed {
  readonly name: string;
  readonly service: string;
  readonly running: boolean;
}

/**
 * The container of a service, by the labels that docker compose and docker-compose 1.29 both set: what the project's
 * files are called, and where they are, does not matter. Throws {@link CommandError}.
 */
export async function composeContainer(
  { project, service }: Pick<ComposeRunsOn, 'project' | 'service'>,
  signal?: AbortSignal,
): Promise<string> {
  const all = await containersOf(project, signal);
  if (all.length === 0) throw composeErrors.noProject({ project });
  const own = all.filter((one) => one.service === service);
  const others = [...new Set(all.map((one) => one.service))];
  if (own.length === 0) throw composeErrors.noService({ project, service, others });
  const running = own.filter((one) => one.running);
  const [first] = running;
  if (first === undefined) throw composeErrors.stopped({ project, service });
  if (running.length > 1)
    throw composeErrors.several({ project, service, names: running.map(({ name }) => name) });
  return first.name;
}

/** Those of a project's services, not of `compose run`. Throws {@link CommandError}. */
async function containersOf(project: string, signal: AbortSignal | undefined): Promise<Listed[]> {
  const { stdout } = await docker(
    [
      'ps',
      '-a',
      '--filter',
      `label=${LABEL}.project=${project}`,
      '--filter',
      `label=${LABEL}.oneoff=False`,
      '--format',
      `{{.Names}}\t{{.Label "${LABEL}.service"}}\t{{.State}}`,
    ],
    signal,
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [names = '', service = '', state = ''] = line.split('\t');
      // another one that links to it adds a name with a slash
      const name = names.split(',').find((one) => !one.includes('/')) ?? names;
      return { name, service, running: state === 'running' || state === 'paused' };
    });
}

/** The container of docker that a place is; undefined where it is none. Throws {@link CommandError}. */
export async function dockerContainer(runsOn: RunsOn, signal?: AbortSignal): Promise<string | undefined> {
  if (runsOn.kind === 'docker') return runsOn.container;
  return runsOn.kind === 'compose' ? composeContainer(runsOn, signal) : undefined;
}
