import { relative } from 'node:path';
import type { RunResult } from '../../../../hosts/host.ts';
import { readMigrations } from '../../files/read.ts';
import { ledger } from '../../formats/dbmate/ledger.ts';
import type { MigrationDirectory } from '../../types.ts';
import { driven } from '../shared/driven.ts';
import { nodeDirectories, textOf } from '../shared/programs.ts';
import { ofSql } from '../shared/sections.ts';
import type { Moves } from '../shared/tool.ts';
import { dbmateErrors } from './errors.ts';
import { type DbmateProject, findProject } from './project.ts';

/** dbmate: SQL files, one program. */
export const adapter = driven({
  id: 'dbmate',
  title: 'dbmate',
  preview: 'full',
  driver: 'go',
  program: 'dbmate',
  directories: nodeDirectories,
  install: 'install it, or use --tool sql, which reads the same files and table',
  history: ledger,
  find: findProject,
  absent: 'are no migrations of dbmate',
  sources: async ({ host }, project) => {
    const { migrations, problems } = await readMigrations(host, project.migrations);
    return { sources: migrations.map((migration) => ofSql(migration)), problems };
  },
  allAtOnce: 'Go up to the latest, or use --tool sql, which reads the same files and table.',
  // a rollback takes back one: that of the highest file that is applied
  goesDownBy: 'files',
  downOneByOne: true,
  refuse: refuseWithoutMark,
  args: ({ direction, project }) => [
    '--no-dump-schema',
    '--migrations-dir',
    relative(project.root, project.migrations) || '.',
    // not "up", which would make a database that is missing
    direction === 'up' ? 'migrate' : 'rollback',
  ],
  facts: () => [
    { label: 'Connection', value: 'DATABASE_URL' },
    { label: 'Transaction', value: 'one for each migration, unless it says transaction:false' },
    { label: 'Schema file', value: 'is left as it is: run dbmate dump for a new one' },
  ],
  // it says "Applied" of what has failed, too: only that it begins is certain
  counts: /^(Applying|Rolling back): /,
  words: wordsOf,
});

/** dbmate notices at the file itself, with those before it applied. */
async function refuseWithoutMark(
  { direction, project, used }: Moves<DbmateProject>,
  { host }: MigrationDirectory,
): Promise<void> {
  if (direction === 'down') return;
  const bare: string[] = [];
  for (const { file } of used) {
    const text = await textOf(host, project.migrations, file);
    if (!/^--\s*migrate:down/m.test(text ?? '')) bare.push(file);
  }
  if (bare.length > 0) throw dbmateErrors.withoutMark({ files: bare });
}

function wordsOf({ stdout, stderr }: RunResult): string | undefined {
  const error = /^Error: ([\s\S]*)$/m.exec(stderr)?.[1]?.trim();
  const begun = [...stdout.matchAll(/^(?:Applying|Rolling back): (.*)$/gm)].at(-1)?.[1];
  return error === undefined || begun === undefined ? error : `${begun}: ${error}`;
}
