import type { OperationEntry } from '../engine/operation.ts';

/** Backups: made, restored, proven and kept. */
export const BACKUPS: readonly OperationEntry[] = [
  {
    id: 'restore',
    title: 'Restore a backup',
    summary: 'restore a backup: beside the live database, verified, then in its place at once',
    danger: 'type-name',
    writes: true,
    key: 'r',
    load: async () => (await import('../restore/restore.ts')).restore,
  },
  {
    id: 'backup',
    title: 'Back up databases',
    summary: 'dump databases into the repository, verified and with a manifest',
    danger: 'none',
    writes: false,
    key: 'b',
    load: async () => (await import('../backup/operation.ts')).backup,
  },
  {
    id: 'volumes restore',
    title: 'Restore a volume',
    summary:
      'put the files of a volume back as a backup has them; what is there now is kept in another volume',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../volumes/restore.ts')).volumesRestore,
  },
  {
    id: 'backups verify',
    title: 'Verify a backup',
    summary: 'prove that a backup can be used: decode, checksum, counts, or a test restore',
    danger: 'none',
    writes: false,
    load: async () => (await import('../verify/verify.ts')).verify,
  },
  {
    id: 'backups pin',
    title: 'Pin a backup',
    summary: 'keep a backup whatever the retention rules say',
    danger: 'none',
    writes: false,
    load: async () => (await import('../repository/care/pin.ts')).pin,
  },
  {
    id: 'backups unpin',
    title: 'Unpin a backup',
    summary: 'let the retention rules apply to a backup again',
    danger: 'none',
    writes: false,
    load: async () => (await import('../repository/care/pin.ts')).unpin,
  },
  {
    id: 'backups delete',
    title: 'Delete a backup',
    summary: 'remove a backup, with everything that belongs to it',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('../repository/care/delete.ts')).remove,
  },
  {
    id: 'backups prune',
    title: 'Prune backups by the rule',
    summary: 'remove the backups that the rule no longer keeps; shows which before it asks',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('../repository/retention/prune.ts')).prune,
  },
];
