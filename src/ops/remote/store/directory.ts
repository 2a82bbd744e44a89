import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { sha256File } from '../../archive/checksum.ts';
import { OpError } from '../../error.ts';
import { sync } from '../../files/durable.ts';
import { remoteErrors } from '../errors.ts';
import { Counted } from './read.ts';
import type { Store, StoreIo } from './store.ts';

/** What is being written; nobody lists it. */
const PARTIAL = '.pgdeck-partial';
const PIECE = 1 << 20;

/** A directory of this machine, most often of a disk that is mounted. */
export function directoryStore(root: string): Store {
  const failure = (error: unknown, what: string, io: StoreIo): unknown => {
    if (error instanceof OpError) return error;
    if (io.signal.aborted) return remoteErrors.cancelled({ store: root }, error);
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return remoteErrors.full({ store: root }, error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      return remoteErrors.denied({ store: root, what, said: code }, error);
    return remoteErrors.failing({ store: root, what, said: message }, error);
  };
  const doing = async <T>(what: string, io: StoreIo, work: () => Promise<T>): Promise<T> => {
    try {
      io.signal.throwIfAborted();
      return await work();
    } catch (error) {
      throw failure(error, what, io);
    }
  };
  const there = async () => {
    if (!(await stat(root).catch(() => undefined))?.isDirectory())
      throw remoteErrors.absent({ store: root, path: root });
  };
  const below = async (name: string): Promise<string[]> => {
    const entries = await readdir(join(root, name), { recursive: true, withFileTypes: true }).catch(absent);
    return (entries ?? []).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  };

  return {
    kind: 'directory',
    label: root,
    names: (io) =>
      doing('list copies', io, async () => {
        await there();
        const entries = await readdir(root, { withFileTypes: true });
        return entries
          .filter((one) => one.isDirectory() && !one.name.startsWith('.'))
          .map(({ name }) => name);
      }),
    files: (name, io) =>
      doing('list a copy', io, async () => {
        const paths = (await below(name)).filter((path) => !path.endsWith(PARTIAL));
        return await Promise.all(
          paths.map(async (path) => {
            const { size, mtimeMs } = await stat(path);
            return {
              path: relative(join(root, name), path).split(sep).join('/'),
              bytes: size,
              modified: mtimeMs,
            };
          }),
        );
      }),
    read: (name, path, limit, io) =>
      doing('read a file', io, async () => {
        const file = join(root, name, path);
        const facts = await stat(file).catch(absent);
        if (!facts?.isFile() || facts.size > limit) return undefined;
        return await readFile(file);
      }),
    put: (name, path, source, io) =>
      doing('write a file', io, async () => {
        await there();
        const to = join(root, name, path);
        await mkdir(dirname(to), { recursive: true, mode: 0o700 });
        const counted = new Counted(source, path, io);
        const partial = `${to}${PARTIAL}`;
        try {
          const file = await open(partial, 'w', 0o600);
          try {
            for await (const part of counted.parts()) await file.writeFile(part);
            await file.sync();
          } finally {
            await file.close();
          }
          await rename(partial, to);
        } catch (error) {
          await rm(partial, { force: true }).catch(() => {});
          throw error;
        }
        await sync(dirname(to));
        return counted.stored;
      }),
    has: (name, path, { bytes, sha256 }, io) =>
      doing('look at a file', io, async () => {
        const file = join(root, name, path);
        const facts = await stat(file).catch(absent);
        return (
          facts?.size === bytes && sha256 !== undefined && (await sha256File(file, io.signal)) === sha256
        );
      }),
    get: async function* (name, path, from, io) {
      try {
        yield* createReadStream(join(root, name, path), {
          start: from,
          highWaterMark: PIECE,
          signal: io.signal,
        }) as AsyncIterable<Buffer>;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          throw remoteErrors.missing({ store: root, path }, error);
        throw failure(error, 'read a file', io);
      }
    },
    remove: (name, paths, io) =>
      doing('remove a copy', io, async () => {
        for (const path of paths) await rm(join(root, name, path), { force: true });
        const directories = new Set(paths.map((path) => dirname(join(root, name, path))));
        for (const directory of [...directories].sort((a, b) => b.length - a.length))
          for (let at = directory; at.startsWith(join(root, name)); at = dirname(at))
            await rmdir(at).catch(() => {});
      }),
    sweep: (before, _, io) =>
      doing('remove what was not finished', io, async () => {
        let swept = 0;
        const old = (await below('.')).filter((path) => path.endsWith(PARTIAL));
        for (const path of old) {
          const facts = await stat(path).catch(absent);
          if (facts === undefined || facts.mtimeMs >= before.getTime()) continue;
          await rm(path, { force: true });
          swept += 1;
        }
        return swept;
      }),
    close: async () => {},
  };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
