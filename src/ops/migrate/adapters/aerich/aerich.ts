import type { RunResult } from '../../../../hosts/host.ts';
import { fileName } from '../../files/create.ts';
import { driven } from '../shared/driven.ts';
import { pythonWords } from '../shared/failure.ts';
import { readOnly } from '../shared/history.ts';
import { isWithin, pythonDirectories } from '../shared/programs.ts';
import type { Moves } from '../shared/tool.ts';
import { type AerichMigration, type AerichProject, findProject, readSources } from './project.ts';

/** Aerich, of Tortoise ORM. */
export const adapter = driven({
  id: 'aerich',
  title: 'Aerich',
  preview: 'partial',
  driver: 'asyncpg',
  program: 'aerich',
  directories: pythonDirectories,
  install: 'install it in .venv of the project, or activate its virtual environment',
  history: readOnly({
    tableName: 'aerich',
    columns: ['id', 'version', 'app', 'content'],
    version: `app || '/' || version`,
    order: 'id',
  }),
  find: ({ host, directory }) => findProject(host, directory),
  owns: ({ directory }, { root, location }) => root === directory || isWithin(directory, location),
  sources: async ({ host }, project) => ({
    sources: await readSources(host, project),
    problems: [],
  }),
  // its table has the rows of all apps
  rows: (rows, { app }) =>
    rows
      .filter(({ version }) => version.startsWith(`${app}/`))
      .map((row) => ({ ...row, version: row.version.slice(`${app}/`.length) })),
  allAtOnce: 'Go up to the latest, or take the later files away first.',
  goesDownBy: 'history',
  currentIsLast: true,
  args: argumentsOf,
  facts: ({ project }) => [
    { label: 'App', value: project.app ?? '' },
    { label: 'Connection', value: 'DATABASE_URL and the PG variables, where its settings read them' },
    { label: 'Transaction', value: 'one for each migration' },
    { label: 'Lock timeout', value: 'none: its driver takes no settings from outside' },
  ],
  unread: 'what programs of Python run',
  // of 0.9: Success upgrading to
  counts: /^Success (up|down)grad(e|ing)/i,
  words: (result) =>
    pythonWords(result) ?? /^(?:Error: |Usage: ).*$/m.exec(result.stderr)?.[0] ?? nothing(result),
  // it ends with 0 when it did nothing
  failedAnyway: (result) => nothing(result) !== undefined,
  // it writes what has changed in the models since the last migration; there is no other way to begin one
  create: (_project, { name }) => ({ args: ['migrate', '--name', fileName(name)], generated: true }),
});

/** Down to the oldest of them, which goes, too; `--yes`, or it would ask. */
function argumentsOf({ direction, used }: Moves<AerichProject, AerichMigration>): string[] {
  if (direction === 'up') return ['upgrade'];
  return ['downgrade', '--version', String(used.at(-1)?.index ?? -1), '--yes'];
}

const nothing = ({ stdout }: RunResult): string | undefined =>
  /^No (?:up|down)grade items found.*$/im.exec(stdout)?.[0];
