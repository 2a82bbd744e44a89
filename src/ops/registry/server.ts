import type { OperationEntry } from '../engine/operation.ts';

/** Databases, settings and what runs by itself. */
export const SERVER: readonly OperationEntry[] = [
  {
    id: 'db drop',
    title: 'Drop a database',
    summary: 'drop a database after a backup of it, or a copy that a restore or a reset has kept',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../databases/drop/drop.ts')).dbDrop,
  },
  {
    id: 'role create',
    title: 'Create a role',
    summary: 'create a role: its password generated or typed, and sent as a SCRAM verifier only',
    danger: 'confirm',
    writes: true,
    load: async () => (await import('../role/create/create.ts')).roleCreate,
  },
  {
    id: 'role password',
    title: 'Change the password of a role',
    summary: 'give a role a new password, generated or typed: in no log, no journal, no argument',
    danger: 'confirm',
    writes: true,
    load: async () => (await import('../role/password/password.ts')).rolePassword,
  },
  {
    id: 'role grant',
    title: 'Grant a role what it is for',
    summary:
      'make a role an owner, a reader and writer, a reader or a monitor: what it lacks of that, exactly',
    danger: 'confirm',
    writes: true,
    load: async () => (await import('../role/grant/grant.ts')).roleGrant,
  },
  {
    id: 'settings set',
    title: 'Change a setting',
    summary: 'set a setting for the server, a database or a role: checked by the server before it is written',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../settings/set.ts')).settingsSet,
  },
  {
    id: 'settings reset',
    title: 'Reset a setting',
    summary: 'take a setting back to what holds without it: what a file says, or the default',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../settings/set.ts')).settingsReset,
  },
  {
    id: 'schedule install',
    title: 'Install a job in the crontab',
    summary: 'put a command into the crontab: a nightly backup, a weekly restore drill',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('../schedule/install.ts')).scheduleInstall,
  },
  {
    id: 'schedule remove',
    title: 'Remove a job from the crontab',
    summary: 'take a job out of the crontab',
    danger: 'confirm',
    writes: false,
    load: async () => (await import('../schedule/remove.ts')).scheduleRemove,
  },
];
