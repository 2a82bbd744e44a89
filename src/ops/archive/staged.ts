import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
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
    const root = await rootIn(host, workspace, archive);
    await copy(transfer, files, (name) => (name === '' ? root : join(root, name)), host.label, io);
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
    const root = await rootIn(host, workspace, archive);
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

async function rootIn(host: Host, workspace: Workspace, { kind }: Archive): Promise<string> {
  const root = workspace.path('archive');
  if (kind === 'directory') await host.files.makeDirectory(root, 0o700);
  return root;
}

async function copy(
  transfer: Transfer,
  files: readonly Part[],
  there: (name: string) => string,
  label: string,
  { signal, progress }: StageIo,
): Promise<void> {
  const of = files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  const tell = (done: number) => progress?.({ label: `copied to ${label}`, done, of, unit: 'bytes' });
  for (const { name, path, size } of files) {
    await transfer.put(path, there(name), {
      ...(signal && { signal }),
      onProgress: (bytes) => tell(Math.min(of, before + bytes)),
    });
    before += size;
    tell(before);
  }
}

/** Fetches what a program has written on its host: a file, or the files of a directory. */
export async function fetchArchive(
  host: Host,
  there: string,
  { kind, path }: Archive,
  io: StageIo,
): Promise<void> {
  const { transfer } = host;
  if (transfer === undefined) return;
  if (kind === 'directory') await mkdir(path, { mode: 0o700 });
  const names = kind === 'directory' ? (await host.files.list(there)).map(({ name }) => name) : [''];
  const sizes = await Promise.all(
    names.map(async (name) => (await host.files.facts(join(there, name))).size),
  );
  const of = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [at, name] of names.entries()) {
    await transfer.get(join(there, name), join(path, name), {
      ...(io.signal && { signal: io.signal }),
      onProgress: (bytes) =>
        io.progress?.({
          label: `fetched from ${host.label}`,
          done: Math.min(of, before + bytes),
          of,
          unit: 'bytes',
        }),
    });
    before += sizes[at] ?? 0;
  }
}
