import { quoteIdent } from '../../../db/ident.ts';
import { defaultCompression } from '../../backup/dump/compression.ts';
import { type BackupMade, backupSteps } from '../../backup/steps.ts';
import type { Clients } from '../../clients/programs.ts';
import type { OpContext } from '../../context.ts';
import { shellWord } from '../../fields.ts';
import type { Step } from '../../operation.ts';
import { repositoryDirectory } from '../../repository/repository.ts';
import type { Task } from './sql/script.ts';

/** The steps that back the tables up before they are touched, and the command that puts them back as they were. */
export function safetySteps(
  context: OpContext,
  clients: Clients,
  { units, gone }: Task,
  { safety, dir }: { readonly safety: boolean; readonly dir?: string | undefined },
): { steps: Step[]; undo?: { readonly command: string } } {
  if (!safety || units.length === 0) return { steps: [] };
  const names = units.map(({ schema, name }) => `${quoteIdent(schema)}.${quoteIdent(name)}`);
  let made: BackupMade | undefined;
  const { database } = context.target;
  const steps = backupSteps(
    context,
    {
      database,
      repository: repositoryDirectory(context, dir),
      clients,
      format: 'custom',
      compression: defaultCompression('custom', clients),
      jobs: 1,
      content: 'all',
      schemas: [],
      tables: names,
      globals: false,
      label: 'before a restore of these tables',
      safety: true,
    },
    {
      id: (name) => `safety-${name}`,
      onMade: (backup) => {
        made = backup;
      },
    },
  );
  return {
    steps,
    undo: {
      // its name is known when it is there
      get command() {
        const words = [
          ...['pgdeck', 'restore', shellWord(made?.id ?? 'BACKUP')],
          ...names.flatMap((name) => ['--table', shellWord(name)]),
          ...['--mode', 'replace', '--database', shellWord(database)],
          ...(dir === undefined ? [] : ['--dir', shellWord(dir)]),
          ...gone.flatMap(({ shown }) => [`# and drop ${shown}`]),
        ];
        return words.join(' ');
      },
    },
  };
}
