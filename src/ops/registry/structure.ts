import type { OperationEntry } from '../engine/operation.ts';

/** What databases are made of. */
export const STRUCTURE: readonly OperationEntry[] = [
  {
    id: 'migrate up',
    title: 'Apply migrations',
    summary: 'apply migrations: locked, verified, each hazard acknowledged by name',
    danger: 'type-name',
    writes: true,
    key: 'm',
    load: async () => (await import('../migrate/up.ts')).up,
  },
  {
    id: 'migrate down',
    title: 'Roll back migrations',
    summary: 'roll back one migration, several, or all above a version, after a backup',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../migrate/down.ts')).down,
  },
  {
    id: 'migrate repair',
    title: 'Repair migrations',
    summary: 'repair one entry: unfinished, changed, without a file, or an index left INVALID',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../migrate/repair/operation.ts')).repair,
  },
  {
    id: 'migrate verify',
    title: 'Verify migrations',
    summary: 'compare the history with the files, and look for what is half done',
    danger: 'none',
    writes: false,
    load: async () => (await import('../migrate/verify/operation.ts')).verify,
  },
  {
    id: 'migrate create',
    title: 'Create a migration',
    summary: "begin a migration with the team's own tool, or as an empty file in the directory's own format",
    danger: 'confirm',
    writes: false,
    load: async () => (await import('../migrate/files/operation.ts')).migrateCreate,
  },
  {
    id: 'schema fix',
    title: 'Schema drift: compare, and add what is missing',
    summary: 'add what the database lacks of what is expected of it; nothing is dropped or changed',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../schema/apply/fix.ts')).schemaFix,
  },
  {
    id: 'import sqlite',
    title: 'Import a SQLite database',
    summary: 'bring a SQLite database over: typed by its values, in one transaction, each cell compared',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../import/operation.ts')).importSqlite,
  },
];
