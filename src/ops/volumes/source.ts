import { type VolumeSetting, volumeText } from '../../config/volumes.ts';
import { dockerContainer } from '../../hosts/compose/find.ts';
import { docker, inspect } from '../../hosts/docker/docker.ts';
import type { Container } from '../../hosts/docker/inspect.ts';
import type { OpContext } from '../engine/operation.ts';
import type { ManifestVolume } from '../repository/manifest.ts';
import { volumesErrors } from './errors.ts';

export type Source = ManifestVolume['source'];

/** A volume of the profile, found. */
export interface Volume {
  readonly name: string;
  readonly source: Source;
}

/** The container of the server. Throws OpError where the profile names none, CommandError where docker does not answer. */
export async function containerOf({ runsOn: { server } }: Pick<OpContext, 'runsOn'>): Promise<Container> {
  const container = await dockerContainer(server);
  if (container === undefined) throw volumesErrors.noContainer();
  return inspect(container);
}

/** What a volume of the profile is in docker. Throws OpError where it is not there. */
export async function findVolume(setting: VolumeSetting, container: Container): Promise<Volume> {
  const name = volumeText(setting);
  if ('name' in setting) {
    if (!(await volumeExists(name))) throw volumesErrors.none({ volume: name });
    return { name, source: { kind: 'volume', name } };
  }
  const mount = container.mounts.find(({ destination }) => destination.replace(/\/$/, '') === name);
  if (mount?.type === 'volume' && mount.name) return { name, source: { kind: 'volume', name: mount.name } };
  if (mount?.type === 'bind' && mount.source) return { name, source: { kind: 'bind', path: mount.source } };
  throw volumesErrors.notMounted({ volume: name, container: container.name });
}

export async function volumeExists(name: string): Promise<boolean> {
  return (await docker(['volume', 'inspect', name])).exitCode === 0;
}

/** The words of `docker run` that mount it. docker reads the value as CSV. */
export function mountWords(source: Source, target: string, writes: boolean): string[] {
  const from = source.kind === 'volume' ? source.name : source.path;
  const fields = [`type=${source.kind}`, `source=${from}`, `target=${target}`];
  const quoted = [...fields, ...(writes ? [] : ['readonly'])].map((field) =>
    /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field,
  );
  return ['--mount', quoted.join(',')];
}

export const sourceText = (source: Source): string =>
  source.kind === 'volume' ? `the volume ${source.name}` : `the directory ${source.path}`;

/** The file of its archive, which no other has: paths have slashes, and any characters. */
export function archiveOf(name: string, others: readonly { readonly path: string }[]): string {
  const safe = name.replace(/^\//, '').replace(/[^a-zA-Z0-9_.-]/g, (one) => (one === '/' ? '_' : '-'));
  const stem = `volumes/${safe.replace(/^[.-]/, '_').slice(0, 150)}`;
  for (let n = 1; ; n++) {
    const path = `${stem}${n === 1 ? '' : `-${n}`}.tar.gz`;
    if (!others.some((one) => one.path === path)) return path;
  }
}
