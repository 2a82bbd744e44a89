import type { Host } from '../../hosts/host.ts';
import { type TarContents, TarReader } from '../archive/tar/reader.ts';
import { volumesErrors } from './errors.ts';

/** The words of GNU's programs are read. */
export const PLAIN = { LC_ALL: 'C' };

/** GNU tar tells of what changes under it with exit code 1, and of all else with 2; busybox has 1 for everything. */
const CHANGED = /: (file changed as we read it|File removed before we read it|File shrank by .*)$/;

/** Numbers of owners rather than names, which another image gives to others: busybox may have been built without it. */
export async function ownerWords(host: Host): Promise<string[]> {
  const { stdout, stderr } = await host.run('tar', ['--help'], { env: PLAIN, maxOutput: 1 << 16 });
  return `${stdout}${stderr}`.includes('numeric-owner') ? ['--numeric-owner'] : [];
}

/** The arguments of tar that write everything in a directory to its output, whatever it is called. */
export const packArgs = (directory: string, owner: readonly string[]): string[] => [
  ...['-cf', '-', ...owner, '-C', directory, '.'],
];

/** Lines of tar about files that were written to meanwhile; undefined where it has failed otherwise. */
export function changedLines({
  exitCode,
  stderr,
}: {
  exitCode: number;
  stderr: string;
}): string[] | undefined {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  if (exitCode === 0) return lines.filter((line) => CHANGED.test(line));
  return exitCode === 1 &&
    lines.length > 0 &&
    lines.every((line) => CHANGED.test(line) || /socket ignored$/.test(line))
    ? lines.filter((line) => CHANGED.test(line))
    : undefined;
}

/** What tar finds in a directory there. Throws OpError, CommandError. */
export async function contentsOf(
  host: Host,
  directory: string,
  volume: string,
  signal?: AbortSignal,
): Promise<TarContents> {
  const reader = new TarReader();
  let fault: unknown;
  const result = await host.run('tar', packArgs(directory, await ownerWords(host)), {
    env: PLAIN,
    ...(signal && { signal }),
    onStdout: (chunk) => {
      try {
        if (fault === undefined) reader.push(chunk);
      } catch (error) {
        fault = error;
      }
    },
  });
  if (changedLines(result) === undefined)
    throw volumesErrors.tar({ volume, said: result.stderr.trim().split('\n').slice(-6).join('\n') });
  if (fault !== undefined) throw volumesErrors.tar({ volume, said: String(fault) }, fault);
  return reader.end();
}
