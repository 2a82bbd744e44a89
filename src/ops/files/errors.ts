import { defineErrors, failed, refused } from '../error.ts';

const WHY: Readonly<Record<string, readonly [why: string, next: string]>> = {
  ENOSPC: ['the disk is full', 'Make room there, or name another directory with --dir.'],
  EDQUOT: ['the quota is used up', 'Make room there, or name another directory with --dir.'],
  EACCES: ['this user may not', 'Fix its permissions, or name another directory with --dir.'],
  EPERM: ['this user may not', 'Fix its permissions, or name another directory with --dir.'],
  EROFS: ['the file system is read-only', 'Name another directory with --dir.'],
  ENOENT: ['it does not exist', 'Check the name; see what there is with: pgdeck backups list'],
  ENOTDIR: ['it is no directory', 'Name another directory with --dir.'],
};

/** What was to be done, and was not. */
const NOT_DONE = {
  readBackup: 'The backup cannot be read',
  writeBackup: 'The backup cannot be written',
  publishBackup: 'The backup cannot be published',
  deleteBackup: 'The backup cannot be deleted',
  removeRest: 'What is left of the backup cannot be removed',
  listBackups: 'The backups cannot be listed',
  readManifest: 'The manifest cannot be read',
  writeManifest: 'The manifest cannot be written',
  writeKnown: 'What is known of the copies elsewhere cannot be noted',
} as const;

export type Undone = keyof typeof NOT_DONE;

export const filesErrors = defineErrors('files', {
  disk: ({ undone, path, code, said }: { undone: Undone; path: string; code: string; said: string }) => {
    const [why, next] = WHY[code] ?? [code === '' ? said : code, 'Check the disk and try again.'];
    return failed(`${NOT_DONE[undone]}: ${why} (${path}).`, next);
  },
  lineBreak: ({ secret }: { secret: 'password' | 'passphrase of the key' }) =>
    refused(
      `The ${secret} has a line break, and PostgreSQL's programs cannot be given it: their files have one line for each.`,
      'Change it to one without, or give it without the line break if that came with copying.',
    ),
});
