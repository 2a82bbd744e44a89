import type { Host } from '../../hosts/host.ts';

/** Of the files of /proc and /sys that are read here. */
const SMALL = 65_536;
/** Each behind a mark, and a NUL behind each: there is none in them. */
const READ = `for f do if [ -r "$f" ] && [ ! -d "$f" ]; then printf y; head -c ${SMALL} "$f"; fi 2>/dev/null; printf '\\0'; done`;

/**
 * Small texts, undefined for what cannot be read; of another machine with one command, since each takes as long as all.
 * Rejects with CommandError where that is not reached.
 */
export async function textsOf(host: Host, paths: readonly string[]): Promise<(string | undefined)[]> {
  if (paths.length === 0) return [];
  if (host.kind === 'local')
    return Promise.all(
      paths.map((path) =>
        host.files.read(path, SMALL).then(
          (content) => content.toString('utf8'),
          () => undefined,
        ),
      ),
    );
  const { stdout } = await host.run('sh', ['-c', READ, 'sh', ...paths]);
  const parts = stdout.split('\0');
  return paths.map((_, at) => (parts[at]?.startsWith('y') ? parts[at].slice(1) : undefined));
}
