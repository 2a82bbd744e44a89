import { join } from 'node:path';
import type { Host } from '../../hosts/host.ts';
import { bytes, plural } from '../../text/units.ts';
import { sha256File } from '../archive/checksum.ts';
import { readTarFile } from '../archive/tar/file.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';
import type { ManifestVolume } from '../repository/manifest.ts';
import { changedLines, ownerWords, PLAIN, packArgs } from './content.ts';
import { volumesErrors } from './errors.ts';
import { volumeAt, withHelper } from './helper.ts';
import { archiveOf, containerOf, type Volume } from './source.ts';

/** What of a step it needs. */
export type SaveIo = Pick<StepIo, 'line' | 'run' | 'signal' | 'crashPoint'>;

/** How the n-th volume is archived, as a command for people. */
export function saveText({ name }: Volume, n: number): string {
  return `tar ${packArgs(volumeAt(n), []).join(' ')} | gzip -c > ${archiveOf(name, [])}`;
}

/** Archives volumes into the directory of a backup, and reads each archive to its end. Throws OpError, CommandError. */
export async function saveVolumes(
  io: SaveIo,
  context: Pick<OpContext, 'runsOn' | 'here'>,
  volumes: readonly Volume[],
  directory: string,
): Promise<ManifestVolume[]> {
  const { here } = context;
  const container = await containerOf(context);
  await here.files.makeDirectory(join(directory, 'volumes'), 0o700);
  const { run, signal } = io;
  const mounts = volumes.map(({ source }, n) => ({ source, at: volumeAt(n) }));
  const what = `archive ${volumes.map(({ name }) => name).join(', ')}`;
  return withHelper({ here, container, run, signal, mounts, what }, async (host) => {
    const owner = await ownerWords(host);
    const saved: ManifestVolume[] = [];
    for (const [n, volume] of volumes.entries()) {
      io.line(saveText(volume, n));
      const path = archiveOf(volume.name, saved);
      const args = packArgs(volumeAt(n), owner);
      saved.push(await saveOne(io, { here, host }, volume, { args, directory, path }));
    }
    return saved;
  });
}

async function saveOne(
  io: SaveIo,
  { here, host }: Readonly<Record<'here' | 'host', Host>>,
  { name, source }: Volume,
  { args, directory, path }: { args: readonly string[]; directory: string; path: string },
): Promise<ManifestVolume> {
  const { signal } = io;
  const file = join(directory, path);
  const result = await host.pipe(
    [
      { command: 'tar', args },
      { command: 'gzip', args: ['-c'] },
    ],
    { signal, env: PLAIN, stdoutTo: file, maxOutput: 1 << 20 },
  );
  for (const line of result.stderr.split('\n').filter((one) => one !== '')) io.line(line, 'stderr');
  const changed = (result.program === 'gzip' ? undefined : changedLines(result))?.length;
  if (changed === undefined)
    throw volumesErrors.tar({
      volume: name,
      said: `${result.program ?? 'tar'} ended with ${result.exitCode}: ${result.stderr.trim().split('\n').slice(-6).join('\n')}`,
    });
  io.crashPoint('volumes:written');
  const { escapes: _, cluster, bytes: content, ...found } = await readTarFile(file, signal);
  if (cluster !== undefined) throw volumesErrors.cluster({ volume: name, where: cluster }).as('failed');
  const [{ size }, sha256] = await Promise.all([here.files.facts(file), sha256File(file, signal)]);
  io.line(
    `${path}: ${plural(found.files, 'file')}, ${bytes(content)} in ${bytes(size)}${
      changed === 0 ? '' : `; ${plural(changed, 'file')} changed while it was read`
    }`,
  );
  return { name, source, path, bytes: size, sha256, content_bytes: content, changed, ...found };
}
