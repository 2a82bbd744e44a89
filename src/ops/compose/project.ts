import { z } from 'zod';
import { dockerContainer } from '../../hosts/compose/find.ts';
import { docker, inspect } from '../../hosts/docker/docker.ts';
import type { Container } from '../../hosts/docker/inspect.ts';
import type { OpContext } from '../engine/operation.ts';
import { composeErrors } from './errors.ts';

const LABEL = 'com.docker.compose';

/** The project of compose that a server's container is of. */
export interface Project {
  readonly name: string;
  readonly service: string;
  readonly container: Container;
  /** Where it is run, and its files. */
  readonly directory: string;
  readonly files: readonly string[];
  /** Volumes of the container. */
  readonly volumes: readonly ProjectVolume[];
}

export interface ProjectVolume {
  readonly name: string;
  readonly destination: string;
  /** The project has made it: no other project's, and not made by hand. */
  readonly own: boolean;
}

/** Throws OpError where the server is in no container of compose, CommandError where docker does not answer. */
export async function projectOf({ runsOn: { server } }: Pick<OpContext, 'runsOn'>): Promise<Project> {
  const named = await dockerContainer(server);
  if (named === undefined) throw composeErrors.noContainer();
  const container = await inspect(named);
  const label = (name: string) => container.labels[`${LABEL}.${name}`];
  const [name, service] = [label('project'), label('service')];
  const directory = label('project.working_dir');
  if (name === undefined || service === undefined || directory === undefined)
    throw composeErrors.notComposed({ container: container.name });
  const volumes: ProjectVolume[] = [];
  for (const mount of container.mounts)
    if (mount.type === 'volume' && mount.name)
      volumes.push({
        name: mount.name,
        destination: mount.destination,
        own: (await projectOfVolume(mount.name)) === name,
      });
  const files = (label('project.config_files') ?? '').split(',').filter((file) => file !== '');
  return { name, service, container, directory, files, volumes };
}

const labelsSchema = z.record(z.string(), z.string()).nullable();

/** The project that a volume is of; undefined for none, and where there is no such volume. */
async function projectOfVolume(name: string): Promise<string | undefined> {
  const { exitCode, stdout } = await docker(['volume', 'inspect', '--format', '{{json .Labels}}', name]);
  if (exitCode !== 0) return undefined;
  try {
    return labelsSchema.parse(JSON.parse(stdout))?.[`${LABEL}.project`];
  } catch {
    return undefined;
  }
}

/** Containers that have a volume, running or not, by their names. */
export async function usersOf(volume: string): Promise<string[]> {
  const { stdout } = await docker(['ps', '-a', '--filter', `volume=${volume}`, '--format', '{{.Names}}']);
  return stdout.split('\n').filter((name) => name !== '');
}
