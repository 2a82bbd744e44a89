import { CommandError, type Host, type Transfer } from '../../../hosts/host.ts';
import { OpError } from '../../error.ts';
import { remoteErrors } from '../errors.ts';
import { Counted } from './read.ts';
import type { Store, StoredObject, StoreIo } from './store.ts';

/** What is being written; nobody lists it. */
const PARTIAL = '.pgdeck-partial';
/** Bytes that are asked for at once. */
const PIECE = 8 << 20;

/** A directory of another machine, which a way of its own leads to; the host is closed with it. */
export function hostStore(host: Host & { readonly transfer: Transfer }, root: string): Store {
  const { files, transfer } = host;
  const label = `${host.label}:${root}`;
  const at = (name: string, path = '') => [root, name, path].filter((part) => part !== '').join('/');
  const failure = (error: unknown, what: string, io: StoreIo): unknown => {
    if (error instanceof OpError) return error;
    if (io.signal.aborted) return remoteErrors.cancelled({ store: label }, error);
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT' || /No space left|quota exceeded/i.test(message))
      return remoteErrors.full({ store: label }, error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      return remoteErrors.denied({ store: label, what, said: code }, error);
    const said = message.replace(/\.$/, '');
    return error instanceof CommandError && error.kind === 'gone'
      ? remoteErrors.unreachable({ store: label, said }, error)
      : remoteErrors.failing({ store: label, what, said }, error);
  };
  const doing = async <T>(what: string, io: StoreIo, work: () => Promise<T>): Promise<T> => {
    try {
      io.signal.throwIfAborted();
      return await work();
    } catch (error) {
      throw failure(error, what, io);
    }
  };
  const run = async (command: string, args: readonly string[], io: StoreIo): Promise<string> => {
    const { exitCode, stdout, stderr } = await host.run(command, args, { signal: io.signal });
    if (exitCode !== 0) throw new Error(stderr.trim().split('\n')[0] || `${command} ended with ${exitCode}`);
    return stdout;
  };
  const there = async () => {
    if (!(await files.exists(root))) throw remoteErrors.absent({ store: label, path: root });
  };
  const below = async (name: string): Promise<StoredObject[]> => {
    const found: string[] = [];
    const look = async (path: string): Promise<void> => {
      for (const entry of await files.list(at(name, path)).catch(absent)) {
        const inner = path === '' ? entry.name : `${path}/${entry.name}`;
        if (entry.kind === 'directory') await look(inner);
        else if (entry.kind === 'file') found.push(inner);
      }
    };
    await look('');
    const facts = await files.factsOf(found.map((path) => at(name, path)));
    return found.flatMap((path, i) => {
      const one = facts[i];
      return one === undefined ? [] : [{ path, bytes: one.size, modified: one.modified }];
    });
  };

  return {
    kind: 'host',
    label,
    names: (io) =>
      doing('list copies', io, async () => {
        await there();
        const entries = await files.list(root);
        return entries
          .filter(({ kind, name }) => kind === 'directory' && !name.startsWith('.'))
          .map(({ name }) => name);
      }),
    files: (name, io) =>
      doing('list a copy', io, async () => (await below(name)).filter(({ path }) => !path.endsWith(PARTIAL))),
    read: (name, path, limit, io) =>
      doing('read a file', io, () =>
        files.read(at(name, path), limit).catch((error: NodeJS.ErrnoException) => {
          if (['ENOENT', 'ENOTDIR', 'EFBIG', 'EISDIR'].includes(error.code ?? '')) return undefined;
          throw error;
        }),
      ),
    put: (name, path, source, io) =>
      doing('write a file', io, async () => {
        await there();
        const to = at(name, path);
        const partial = `${to}${PARTIAL}`;
        await files.makeDirectory(to.slice(0, to.lastIndexOf('/')), 0o700);
        await files.remove(partial);
        const counted = new Counted(source, path, io);
        await transfer.send(counted.parts(), partial, { signal: io.signal });
        await run('mv', ['-f', '--', partial, to], io);
        return counted.stored;
      }),
    // one for all: it writes whatever that machine has not written yet
    settle: (_, io) => doing('write to its disk', io, async () => void (await run('sync', [], io))),
    has: (name, path, { bytes, sha256 }, io) =>
      doing('look at a file', io, async () => {
        const file = at(name, path);
        const [facts] = await files.factsOf([file]);
        if (facts === undefined || facts.size !== bytes || sha256 === undefined) return false;
        // where there is no such program it is sent again
        return await run('sha256sum', ['--', file], io).then(
          (said) => said.startsWith(sha256),
          () => false,
        );
      }),
    get: async function* (name, path, from, io) {
      // piece by piece: a temporary file here might not find room for it, and what follows begins anywhere
      try {
        for (let offset = from; ; ) {
          io.signal.throwIfAborted();
          const part = await files.readAt(at(name, path), offset, PIECE);
          if (part.length > 0) yield part;
          if (part.length < PIECE) return;
          offset += part.length;
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          throw remoteErrors.missing({ store: label, path }, error);
        throw failure(error, 'read a file', io);
      }
    },
    remove: (name, paths, io) =>
      doing('remove a copy', io, async () => {
        for (const path of paths) await files.remove(at(name, path));
        if ((await below(name)).length === 0) await run('rm', ['-rf', '--', at(name)], io);
      }),
    sweep: (before, _, io) =>
      doing('remove what was not finished', io, async () => {
        const old = (await below('')).filter(
          ({ path, modified }) => path.endsWith(PARTIAL) && modified < before.getTime(),
        );
        for (const { path } of old) await files.remove(at('', path));
        return old.length;
      }),
    close: async () => host.close?.(),
  };
}

function absent(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
  throw error;
}
