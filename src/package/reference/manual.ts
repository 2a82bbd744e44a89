import { readFile } from 'node:fs/promises';
import { type Block, parse } from './markdown.ts';

/** The chapters of the manual, in their order: each a file of src/package/manual. */
export const CHAPTERS = [
  'console',
  'connecting',
  'profiles',
  'commands',
  'operations',
  'backup',
  'restore',
  'runs',
  'databases',
  'import',
  'project',
  'migrations',
  'schema',
  'routine',
  'maintenance',
  'rows',
  'indexes',
  'damage',
  'space',
  'server',
  'health',
  'statements',
  'log',
  'alerts',
  'notifications',
  'prometheus',
  'runbook',
  'cost',
] as const;

export interface Chapter {
  /** `backup`, for src/package/manual/backup.md. */
  readonly name: string;
  readonly blocks: readonly Block[];
}

/** What the pages have elsewhere: each command with what it takes, and the exit codes. */
const ELSEWHERE = ['operations', 'exits'];

export const chapterFile = (name: string): URL => new URL(`../manual/${name}.md`, import.meta.url);

export function readManual(): Promise<readonly Chapter[]> {
  return Promise.all(
    CHAPTERS.map(async (name) => ({
      name,
      blocks: parse(await readFile(chapterFile(name), 'utf8'), ELSEWHERE),
    })),
  );
}
