import { relative } from 'node:path';
import { fileName } from '../../files/create.ts';
import { ledger } from '../../formats/node-pg-migrate/ledger.ts';
import type { NewMigration } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import { driven } from '../shared/driven.ts';
import { nodeWords } from '../shared/failure.ts';
import { nodeDirectories } from '../shared/programs.ts';
import type { Creating, Moves, Source } from '../shared/tool.ts';
import { readSources, versionsOf } from './files.ts';
import { findProject, type NodePgMigrateProject } from './project.ts';

/** node-pg-migrate: SQL files and programs of Node.js. */
export const adapter = driven({
  id: 'node-pg-migrate',
  title: 'node-pg-migrate',
  preview: 'partial',
  driver: 'node',
  program: 'node-pg-migrate',
  directories: nodeDirectories,
  install: 'run npm install in the project',
  history: ledger,
  find: ({ host, directory }) => findProject(host, directory),
  absent: 'is no package.json with node-pg-migrate',
  onlyWithSources: true,
  sources: ({ host }, { migrations }) => readSources(host, migrations),
  versions: versionsOf,
  goesDownBy: 'history',
  // a count: its --timestamp takes back the one that is named, too
  args: ({ direction, chosen, project }) => [
    ...[direction, String(chosen.length), '--migrations-dir', directoryOf(project)],
    ...project.options,
  ],
  facts: factsOf,
  counts: /^### MIGRATION .* \((UP|DOWN)\) ###$/,
  words: nodeWords,
  create: creating,
});

const directoryOf = ({ root, migrations }: NodePgMigrateProject): string => relative(root, migrations) || '.';

function factsOf({ project, used }: Moves<NodePgMigrateProject>) {
  const programs = used.filter(({ migration }) => migration === undefined);
  const single = !project.options.includes('--no-single-transaction');
  return [
    { label: 'Connection', value: project.variable ?? 'DATABASE_URL' },
    {
      label: 'Transaction',
      value: single ? 'one for all: when one fails, none is applied' : 'one for each migration',
    },
    ...(programs.length > 0
      ? [{ label: 'SQL', value: `${programs.length} of them are programs, shown as they are` }]
      : []),
  ];
}

/** In the language and with the numbers of the last one that is there. */
function creating(
  project: NodePgMigrateProject,
  { name, autogenerate }: NewMigration,
  sources: readonly Source[],
): Creating {
  if (autogenerate) throw adapterErrors.noModels({ tool: 'node-pg-migrate' });
  const last = sources.at(-1)?.file;
  const language = last?.split('.').at(-1);
  const formats: Readonly<Record<number, string>> = { 17: 'utc', 13: 'timestamp' };
  const digits = /^\d+/.exec(last ?? '')?.[0].length;
  return {
    args: [
      ...['create', fileName(name), '--migrations-dir', directoryOf(project)],
      ...(language === undefined ? [] : ['--migration-file-language', language]),
      ...(digits === undefined ? [] : ['--migration-filename-format', formats[digits] ?? 'index']),
    ],
    generated: false,
  };
}
