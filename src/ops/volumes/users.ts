import { runningContainers } from '../../hosts/docker/docker.ts';
import { RUN_LABEL } from './helper.ts';
import type { Source } from './source.ts';

/** Names of containers that run and may write to a source; those of a run of ours are left out. */
export async function writersOf(source: Source, run?: string): Promise<string[]> {
  return (await runningContainers())
    .filter(({ labels, mounts }) => {
      if (run !== undefined && labels[RUN_LABEL] === run) return false;
      return mounts.some(({ type, name, source: path = '', writes }) => {
        if (!writes || type !== source.kind) return false;
        return source.kind === 'volume' ? name === source.name : overlaps(path, source.path);
      });
    })
    .map(({ name }) => name);
}

function overlaps(one: string, other: string): boolean {
  const [a, b] = [`${one.replace(/\/$/, '')}/`, `${other.replace(/\/$/, '')}/`];
  return a.startsWith(b) || b.startsWith(a);
}
