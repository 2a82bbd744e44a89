import type { OperationEntry } from '../engine/operation.ts';

/** Databases, settings and what runs by itself. */
export const SERVER: readonly OperationEntry[] = [
  {
    id: 'db drop',
    title: 'Drop a database that pgdeck made',
    summary: 'drop a copy from before a restore, or a restored copy; no other database',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../kept/drop.ts')).dbDrop,
  },
  {
    id: 'server restart',
    title: 'Restart the server',
    summary: 'restart the server: who is interrupted is shown first; waited for, and seen to be the same',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../server/restart.ts')).serverRestart,
  },
  {
    id: 'compose reset',
    title: 'Reset the database of development',
    summary: 'docker compose down, the volume of the server removed, up again; all is backed up first',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../compose/reset.ts')).composeReset,
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
