import { join } from 'node:path';
import { bytes, plural } from '../../text/units.ts';
import { sha256File } from '../archive/checksum.ts';
import { readTarFile } from '../archive/tar/file.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';
import type { ManifestVolume } from '../repository/manifest.ts';
import { changedLines, ownerWords, PLAIN, packArgs } from './content.ts';
import { volumesErrors } from './errors.ts';
import { withHelper } from './helper.ts';
import { archiveOf, containerOf, type Volume } from './source.ts';

const AT = '/pgdeck-volume';

/** What of a step it needs. */
export type SaveIo = Pick<StepIo, 'line' | 'run' | 'signal' | 'crashPoint'>;

/** How a volume is archived, as a command for people. */
export function saveText({ name }: Volume): string {
  return `tar ${packArgs(AT, []).join(' ')} | gzip -c > ${archiveOf(name, [])}`;
}

/** Archives volumes into the directory of a backup, and reads each archive to its end. Throws OpError, CommandError. */
export async function saveVolumes(
  io: SaveIo,
  context: Pick<OpContext, 'runsOn' | 'here'>,
  volumes: readonly Volume[],
  directory: string,
): Promise<ManifestVolume[]> {
  const container = await containerOf(context);
  const { files } = context.here;
  await files.makeDirectory(join(directory, 'volumes'), 0o700);
  const saved: ManifestVolume[] = [];
  for (const volume of volumes) {
    const { name, source } = volume;
    const path = archiveOf(name, saved);
    const file = join(directory, path);
    io.line(saveText(volume));
    const { run, signal } = io;
    const changed = await withHelper(
      { here: context.here, container, run, signal, mounts: [{ source, at: AT }], what: `archive ${name}` },
      async (host) => {
        const owner = await ownerWords(host);
        const result = await host.pipe(
          [
            { command: 'tar', args: packArgs(AT, owner) },
            { command: 'gzip', args: ['-c'] },
          ],
          { signal, env: PLAIN, stdoutTo: file, maxOutput: 1 << 20 },
        );
        for (const line of result.stderr.split('\n').filter((one) => one !== '')) io.line(line, 'stderr');
        const lines = result.program === 'gzip' ? undefined : changedLines(result);
        if (lines === undefined)
          throw volumesErrors.tar({
            volume: name,
            said: `${result.program ?? 'tar'} ended with ${result.exitCode}: ${result.stderr.trim().split('\n').slice(-6).join('\n')}`,
          });
        return lines.length;
      },
    );
    io.crashPoint('volumes:written');
    const { escapes: _, cluster, bytes: content, ...found } = await readTarFile(file, signal);
    if (cluster !== undefined) throw volumesErrors.cluster({ volume: name, where: cluster }).as('failed');
    const [{ size }, sha256] = await Promise.all([files.facts(file), sha256File(file, signal)]);
    saved.push({ name, source, path, bytes: size, sha256, content_bytes: content, changed, ...found });
    io.line(
      `${path}: ${plural(found.files, 'file')}, ${bytes(content)} in ${bytes(size)}${
        changed === 0 ? '' : `; ${plural(changed, 'file')} changed while it was read`
      }`,
    );
  }
  return saved;
}
