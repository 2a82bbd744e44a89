import { posix } from 'node:path';
import type { Host, HostFiles } from './host.ts';

/**
 * A host whose files are looked at once, for the time of one look around: what is asked again is answered as before, and
 * what its directory does not have is asked for no more. Elsewhere each question takes a program; here it is the host itself.
 */
export function glance(host: Host): Host {
  return host.kind === 'local' ? host : { ...host, files: remembering(host.files) };
}

function remembering(files: HostFiles): HostFiles {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    const before = known.get(what) as Promise<T> | undefined;
    if (before !== undefined) return before;
    const asked = ask();
    known.set(what, asked);
    // whoever asked hears of it
    asked.catch(() => {});
    return asked;
  };
  const list = (path: string) => once(`list ${path}`, () => files.list(path));
  /** Whether the directory above is known not to have it; where that cannot be listed nothing is known. */
  const isAbsent = async (path: string): Promise<boolean> => {
    const above = posix.dirname(path);
    if (above === path) return false;
    return list(above).then(
      (entries) => !entries.some(({ name }) => name === posix.basename(path)),
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT' || error.code === 'ENOTDIR',
    );
  };
  const there = async <T>(path: string, what: string, ask: () => Promise<T>): Promise<T> => {
    if (!(await isAbsent(path))) return once(`${what} ${path}`, ask);
    throw Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' });
  };
  return {
    ...files,
    list,
    exists: async (path) =>
      !(await isAbsent(path)) && (await once(`exists ${path}`, () => files.exists(path))),
    isProgram: async (path) =>
      !(await isAbsent(path)) && (await once(`program ${path}`, () => files.isProgram(path))),
    facts: (path) => there(path, 'facts', () => files.facts(path)),
    real: (path) => there(path, 'real', () => files.real(path)),
    read: (path, limit) => there(path, `read ${limit ?? ''}`, () => files.read(path, limit)),
  };
}
