import { z } from 'zod';
import { shellWord } from '../../../text/shell.ts';
import { bytes, moment } from '../../../text/units.ts';
import type { Field, OpContext } from '../../engine/operation.ts';
import { repositoryErrors } from '../errors.ts';
import type { Manifest } from '../manifest.ts';
import { type Backup, findBackup, listBackups, repositoryDirectory } from '../repository.ts';
import { inOrderOfUse, isSafety } from '../safety.ts';

/** What every operation on one backup asks for. */
export const backupInput = { id: z.string(), dir: z.string().optional() };

export const backupFields: { readonly id: Field; readonly dir: Field } = {
  id: {
    title: 'Backup',
    hint: 'the backup by its name, or a path; newest: the newest good one',
    argument: true,
    choices: async (context, raw) => {
      const dir = typeof raw.dir === 'string' ? raw.dir : undefined;
      const backups = await listBackups(repositoryDirectory(context, dir));
      return inOrderOfUse(backups, context.now()).map((one) => ({ value: one.id, hint: hintOf(one) }));
    },
    none: (known, { dir }) =>
      `There are no backups in ${repositoryDirectory(known, typeof dir === 'string' ? dir : undefined)}.`,
  },
  dir: {
    title: 'Repository',
    hint: 'the repository, where it is not the usual one',
    placeholder: 'dir',
    standard: (known) => repositoryDirectory(known),
  },
};

/** What tells a backup from others in a list of choices. */
export function hintOf(backup: Backup): string {
  const { database, bytes: size, status, manifest } = backup;
  const safety = isSafety(backup) ? ['safety backup'] : [];
  const label = manifest?.label ? [manifest.label] : [];
  return [database ?? 'unknown database', bytes(size), status, ...safety, ...label].join(', ');
}

/** The backup that was named, and the repository that was looked into. Throws {@link OpError}. */
export async function named(
  { id, dir }: { readonly id: string; readonly dir?: string | undefined },
  context: OpContext,
): Promise<{ directory: string; backup: Backup }> {
  const directory = repositoryDirectory(context, dir);
  return { directory, backup: await findBackup(directory, id, context.target.database, context.now()) };
}

/** The manifest of a backup that pgdeck made. Throws {@link OpError} for others, which have no place to note it in. */
export function manifestOf({ id, manifest, status }: Backup): Manifest {
  if (manifest !== undefined) return manifest;
  throw repositoryErrors.noManifest({ id, damaged: status === 'damaged' });
}

/** The facts that a person knows a backup by. */
export function factsOf(backup: Backup): { label: string; value: string }[] {
  const { path, database, createdAt, kind, bytes: size, status, manifest } = backup;
  return [
    { label: 'Path', value: path },
    { label: 'Database', value: database ?? 'unknown' },
    { label: 'Made', value: moment(createdAt) },
    { label: 'Format', value: `${kind}, ${bytes(size)}` },
    { label: 'Status', value: status },
    ...(isSafety(backup) ? [{ label: 'Safety backup', value: manifest?.label ?? 'yes' }] : []),
    ...(manifest?.pinned ? [{ label: 'Pinned', value: 'yes' }] : []),
  ];
}

/** `--dir` as it was given, for a command that goes on in the same repository. */
export function dirFlag(dir: string | undefined): string {
  return dir === undefined ? '' : ` --dir ${shellWord(dir)}`;
}
