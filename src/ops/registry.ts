import type { AnyOperation, Danger } from './engine/operation.ts';

/** What rows of a screen can be for an operation: the field of its form that takes their names. */
export type RowField = 'table' | 'index';

/** What is known of an operation before its declaration is loaded: enough for help, palette and reference. */
export interface Entry {
  /** The command's words, and the operation's id. */
  readonly id: string;
  /** For the palette and the wizard's title: `Back up databases`. */
  readonly title: string;
  /** One line for the help. */
  readonly summary: string;
  /** The most it asks for. */
  readonly danger: Danger;
  /** It changes the server: absent in read-only mode. */
  readonly writes: boolean;
  /** The key that opens its wizard in the console. */
  readonly key?: string;
  /** The key opens it only where the rows are of this kind; elsewhere the operation that shares the key. */
  readonly keyOn?: RowField;
  /** Fields of its form that rows of a screen fill in. */
  readonly takes?: readonly RowField[];
  readonly load: () => Promise<AnyOperation>;
}

/** Every operation. Adding one is a folder beside this file and an entry here. */
export const OPERATIONS: readonly Entry[] = [
  {
    id: 'restore',
    title: 'Restore a backup',
    summary: 'restore a backup: beside the live database, verified, then in its place at once',
    danger: 'type-name',
    writes: true,
    key: 'r',
    load: async () => (await import('./restore/restore.ts')).restore,
  },
  {
    id: 'backup',
    title: 'Back up databases',
    summary: 'dump databases into the repository, verified and with a manifest',
    danger: 'none',
    writes: false,
    key: 'b',
    load: async () => (await import('./backup/operation.ts')).backup,
  },
  {
    id: 'backups verify',
    title: 'Verify a backup',
    summary: 'prove that a backup can be used: decode, checksum, counts, or a test restore',
    danger: 'none',
    writes: false,
    load: async () => (await import('./verify/verify.ts')).verify,
  },
  {
    id: 'backups pin',
    title: 'Pin a backup',
    summary: 'keep a backup whatever the rules of retention say',
    danger: 'none',
    writes: false,
    load: async () => (await import('./repository/care/pin.ts')).pin,
  },
  {
    id: 'backups unpin',
    title: 'Unpin a backup',
    summary: 'leave a backup to the rules of retention again',
    danger: 'none',
    writes: false,
    load: async () => (await import('./repository/care/pin.ts')).unpin,
  },
  {
    id: 'backups delete',
    title: 'Delete a backup',
    summary: 'remove a backup, with everything that belongs to it',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('./repository/care/delete.ts')).remove,
  },
  {
    id: 'backups prune',
    title: 'Prune backups by the rule',
    summary: 'remove the backups that the rule no longer keeps; shows which before it asks',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('./repository/retention/prune.ts')).prune,
  },
  {
    id: 'vacuum',
    title: 'Vacuum tables',
    summary: 'remove dead rows, freeze, or rewrite tables: the most urgent first, a step for each',
    danger: 'type-name',
    writes: true,
    key: 'v',
    takes: ['table'],
    load: async () => (await import('./maintain/vacuum.ts')).vacuum,
  },
  {
    id: 'analyze',
    title: 'Analyze tables',
    summary: "make the planner's statistics: the most urgent tables first, a step for each",
    danger: 'confirm',
    writes: true,
    takes: ['table'],
    load: async () => (await import('./maintain/analyze.ts')).analyze,
  },
  {
    id: 'reindex',
    title: 'Rebuild indexes',
    summary: 'build indexes anew while reads and writes go on; invalid ones are cleaned up',
    danger: 'type-name',
    writes: true,
    key: 'v',
    keyOn: 'index',
    takes: ['index', 'table'],
    load: async () => (await import('./reindex/reindex.ts')).reindex,
  },
  {
    id: 'migrate up',
    title: 'Apply migrations',
    summary: 'apply migrations: locked, verified, each hazard acknowledged by name',
    danger: 'type-name',
    writes: true,
    key: 'm',
    load: async () => (await import('./migrate/up.ts')).up,
  },
  {
    id: 'migrate down',
    title: 'Take migrations back',
    summary: 'take back one migration, several, or all above a version, after a backup',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('./migrate/down.ts')).down,
  },
  {
    id: 'migrate repair',
    title: 'Mend migrations',
    summary: 'mend one entry: unfinished, changed, without a file, or an index left INVALID',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('./migrate/repair/operation.ts')).repair,
  },
  {
    id: 'migrate verify',
    title: 'Verify migrations',
    summary: 'hold the history against the files, and look for what is half made',
    danger: 'none',
    writes: false,
    load: async () => (await import('./migrate/verify/operation.ts')).verify,
  },
  {
    id: 'migrate create',
    title: 'Create a migration',
    summary: "begin a migration with the team's own tool, or as an empty file in the directory's own format",
    danger: 'confirm',
    writes: false,
    load: async () => (await import('./migrate/files/operation.ts')).migrateCreate,
  },
  {
    id: 'db drop',
    title: 'Drop a database that pgdeck made',
    summary: 'drop a copy from before a restore, or a restored copy; no other database',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('./kept/drop.ts')).dbDrop,
  },
  {
    id: 'schedule install',
    title: 'Install a job in the crontab',
    summary: 'put a command into the crontab: a nightly backup, a weekly restore drill',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('./schedule/install.ts')).scheduleInstall,
  },
  {
    id: 'schedule remove',
    title: 'Remove a job from the crontab',
    summary: 'take a job out of the crontab',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('./schedule/remove.ts')).scheduleRemove,
  },
  {
    id: 'undo',
    title: 'Undo a run',
    summary: 'take back what a run has done',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('./engine/undo.ts')).undo,
  },
  {
    id: 'recover',
    title: 'Clean up after a crash',
    summary: 'finish or remove what killed runs have left',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('./recover/recover.ts')).recover,
  },
];

/** The entry of an id; undefined when there is none. */
export function entryOf(id: string): Entry | undefined {
  return OPERATIONS.find((entry) => entry.id === id);
}
