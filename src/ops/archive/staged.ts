import { createReadStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host, Transfer, Workspace } from '../../hosts/host.ts';
import type { Progress } from '../engine/plan.ts';
import { diskError, filesBelow } from '../files/durable.ts';
import type { Reader } from '../programs/programs.ts';
import { archiveErrors } from './errors.ts';
import type { Archive } from './kind.ts';

/** What copying an archive needs of a step, or of whoever else does it. */
export interface StageIo {
  readonly signal?: AbortSignal;
  progress?(progress: Progress): void;
}

/** An archive of this machine that is at that path of its reader's host, too. */
export interface Placed extends Archive {
  readonly there?: string | undefined;
}

/** Files below it go together, as many at once. */
const SMALL = 1 << 20;
const TOGETHER = 64;
/** Copies and what programs write beside them. */
const MARGIN = 1.05;
/** How much of a file is tried for its table of contents, which stands at the beginning. */
const HEADS = [1 << 20, 1 << 24, 1 << 28];

/**
 * Gives the path at which a program of the host reads an archive: its own, or that of a copy that is made for the time of
 * the work. Throws {@link ../error.ts OpError} where there is no room for it, CommandError where it does not arrive whole.
 */
export async function withArchive<T>(
  host: Host,
  archive: Placed,
  io: StageIo,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const { transfer } = host;
  if (transfer === undefined) return work(archive.path);
  if (archive.there !== undefined) return work(archive.there);
  const files = await filesOf(archive);
  await refuseNoRoom(host, files);
  return host.withWorkspace(async (workspace) => {
    const root = await rootIn(workspace, archive);
    await copy(host, transfer, { files, root, workspace }, io);
    return work(root);
  });
}

/** The same for what reads no further than the table of contents, which has the definitions in it. */
export async function withOutline<T>(
  reader: Reader,
  archive: Placed,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const { host } = reader;
  const { transfer } = host;
  if (transfer === undefined) return work(archive.path);
  if (archive.there !== undefined) return work(archive.there);
  return host.withWorkspace(async (workspace) => {
    const root = await rootIn(workspace, archive);
    if (archive.kind === 'directory') {
      await transfer.put(join(archive.path, 'toc.dat'), join(root, 'toc.dat'));
      return work(root);
    }
    return work(await headIn(workspace, transfer, reader, archive.path));
  });
}

/** As much of a file as pg_restore needs to list it; all of it where nothing less will do. */
async function headIn(
  workspace: Workspace,
  transfer: Transfer,
  { host, path: program }: Reader,
  path: string,
): Promise<string> {
  const size = await sizeOf(path);
  for (const [at, length] of HEADS.filter((one) => one < size).entries()) {
    const head = workspace.path(`head-${at}`);
    await transfer.send(createReadStream(path, { end: length - 1 }), head);
    const { exitCode } = await host.run(program('pg_restore'), ['-l', head], { env: { LC_ALL: 'C' } });
    if (exitCode === 0) return head;
  }
  const whole = workspace.path('archive');
  await transfer.put(path, whole);
  return whole;
}

interface Part {
  /** Relative to the archive; empty where it is the file itself. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

async function filesOf({ kind, path }: Archive): Promise<Part[]> {
  if (kind !== 'directory') return [{ name: '', path, size: await sizeOf(path) }];
  try {
    const names = await filesBelow(path);
    return await Promise.all(
      names.map(async (name) => ({
        name,
        path: join(path, name),
        size: (await stat(join(path, name))).size,
      })),
    );
  } catch (error) {
    throw diskError(error, 'readBackup', path);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw diskError(error, 'readBackup', path);
  }
}

async function refuseNoRoom(host: Host, files: readonly Part[]): Promise<void> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (await hasRoom(host, bytes)) return;
  throw archiveErrors.noRoomThere({ host: host.label, directory: host.temporary, bytes });
}

/** Whether a copy of so many bytes fits where a host has its temporary files; true where that is not known. */
export async function hasRoom({ files, temporary }: Host, bytes: number): Promise<boolean> {
  const free = await files.free(temporary);
  return free === undefined || free >= bytes * MARGIN;
}

/** Bytes that the copy of an archive takes. Throws {@link ../error.ts OpError}. */
export async function bytesOf(archive: Archive): Promise<number> {
  return (await filesOf(archive)).reduce((sum, { size }) => sum + size, 0);
}

function rootIn(workspace: Workspace, { kind }: Archive): Promise<string> | string {
  return kind === 'directory' ? workspace.directory('archive') : workspace.path('archive');
}

async function copy(
  host: Host,
  transfer: Transfer,
  { files, root, workspace }: { files: readonly Part[]; root: string; workspace: Workspace },
  { signal, progress }: StageIo,
): Promise<void> {
  const of = files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  const tell = (done: number) =>
    progress?.({ label: `copied to ${host.label}`, done: Math.min(of, done), of, unit: 'bytes' });
  const options = {
    ...(signal && { signal }),
    onProgress: (bytes: number) => tell(before + bytes),
  };
  const small = files.filter(({ name, size }) => name !== '' && size < SMALL);
  for (const { name, path, size } of files.filter((one) => !small.includes(one))) {
    await transfer.put(path, name === '' ? root : join(root, name), options);
    before += size;
  }
  // each copy costs a few commands: of many small files they would take longer than the bytes
  if (small.length > 0) {
    const bundle = workspace.path('bundle');
    await transfer.send(bundleOf(small), bundle, options);
    const list = await workspace.write(
      'bundle.list',
      small.map(({ name, size }) => `${size} ${name}\n`).join(''),
    );
    await unbundled(host, [bundle, list, root], signal);
  }
  tell(of);
}

async function* bundleOf(files: readonly Part[]): AsyncGenerator<Buffer> {
  for (const { path, size } of files) if (size > 0) yield* createReadStream(path, { end: size - 1 });
}

/** Takes a bundle apart again; sizes are compared, the bytes were when it arrived. */
const UNBUNDLE = `umask 077
while read -r size name; do
  if [ "$size" -gt 0 ]; then dd bs="$size" count=1 2>/dev/null <&3; fi >"$3/$name" || exit
  [ "$(wc -c <"$3/$name")" -eq "$size" ] || exit
done <"$2" 3<"$1" && rm -f -- "$1"`;

async function unbundled(host: Host, args: readonly string[], signal?: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await host.run('sh', ['-c', UNBUNDLE, 'sh', ...args], {
    env: { LC_ALL: 'C' },
    ...(signal && { signal }),
  });
  if (exitCode !== 0) throw archiveErrors.notTakenApart({ host: host.label, said: stderr.trim() });
}

/** Fetches what a program has written on its host: a file, or the files of a directory. */
export async function fetchArchive(
  host: Host,
  there: string,
  { kind, path }: Archive,
  { signal, progress }: StageIo,
): Promise<void> {
  const { transfer } = host;
  if (transfer === undefined) return;
  const files = kind === 'directory' ? await listed(host, there) : [{ name: '', size: undefined }];
  if (kind === 'directory') await mkdir(path, { mode: 0o700 });
  const of = files.reduce((sum, { size = 0 }) => sum + size, 0) || undefined;
  let before = 0;
  const options = {
    ...(signal && { signal }),
    onProgress: (bytes: number) => {
      const done = before + bytes;
      progress?.({
        label: `fetched from ${host.label}`,
        done,
        ...(of && { of: Math.max(of, done) }),
        unit: 'bytes',
      });
    },
  };
  const small = files.filter(({ size = SMALL }) => size < SMALL);
  for (const { name, size = 0 } of files.filter((one) => !small.includes(one))) {
    await transfer.get(join(there, name), join(path, name), options);
    before += size;
  }
  for (let at = 0; at < small.length; at += TOGETHER)
    await fetchSmall(host, there, path, small.slice(at, at + TOGETHER), signal);
}

/** What is in a directory there, with its sizes. */
async function listed(host: Host, there: string): Promise<{ name: string; size: number | undefined }[]> {
  const script = 'cd "$1" && for f in *; do printf "%s %s\\n" "$(($(wc -c <"$f")))" "$f" || exit; done';
  const { exitCode, stdout, stderr } = await host.run('sh', ['-c', script, 'sh', there], {
    env: { LC_ALL: 'C' },
  });
  if (exitCode !== 0) throw archiveErrors.notTakenApart({ host: host.label, said: stderr.trim() });
  return [...stdout.matchAll(/^(\d+) (.+)$/gm)].map(([, size, name = '']) => ({ name, size: Number(size) }));
}

/** Small files come in one piece, which is compared as a whole. */
async function fetchSmall(
  host: Host,
  there: string,
  path: string,
  files: readonly { name: string; size?: number | undefined }[],
  signal?: AbortSignal,
): Promise<void> {
  const pieces: Buffer[] = [];
  const { exitCode, stderr } = await host.run('cat', ['--', ...files.map(({ name }) => join(there, name))], {
    ...(signal && { signal }),
    onStdout: (piece) => pieces.push(piece),
  });
  const all = Buffer.concat(pieces);
  const of = files.reduce((sum, { size = 0 }) => sum + size, 0);
  if (exitCode !== 0 || all.length !== of)
    throw archiveErrors.notTakenApart({ host: host.label, said: stderr.trim() });
  let at = 0;
  for (const { name, size = 0 } of files) {
    await writeFile(join(path, name), all.subarray(at, at + size), { mode: 0o600, flag: 'wx' });
    at += size;
  }
}
