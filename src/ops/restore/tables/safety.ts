import { quoteRelation } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { shellWord } from '../../../text/shell.ts';
import { type SafetyBackup, safetyBackup } from '../../backup/safety.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Clients } from '../../programs/programs.ts';
import { repositoryDirectory } from '../../repository/repository.ts';
import { keptText } from '../steps/safety.ts';
import type { Task } from './sql/script.ts';

export type TablesSafety = Pick<SafetyBackup, 'steps' | 'checks'> & {
  /** That it stays when the run fails; empty while it is not made. */
  readonly kept: () => string;
  readonly undo?: { readonly command: string };
};

/** The backup of the tables before they are touched, and the command that puts them back as they were. Throws DbError. */
export async function tablesSafety(
  context: OpContext,
  session: Session,
  clients: Clients,
  { units, gone }: Task,
  {
    safety,
    dir,
    ignoreSpace = false,
  }: {
    readonly safety: boolean;
    readonly dir?: string | undefined;
    readonly ignoreSpace?: boolean;
  },
): Promise<TablesSafety> {
  if (!safety || units.length === 0) return { steps: [], checks: [], kept: () => '' };
  const tables = units.map(quoteRelation);
  const repository = repositoryDirectory(context, dir);
  const label = 'before a restore of these tables';
  const { steps, checks, name, made } = await safetyBackup(context, session, {
    clients,
    repository,
    label,
    tables,
    ignoreSpace,
  });
  return {
    steps,
    checks,
    kept: () => keptText({ made }),
    undo: {
      // another run may take the name that was planned
      get command() {
        const words = [
          ...['pgdeck', 'restore', shellWord(name())],
          ...tables.flatMap((name) => ['--table', shellWord(name)]),
          ...['--mode', 'replace', '--database', shellWord(session.server.database)],
          ...(dir === undefined ? [] : ['--dir', shellWord(dir)]),
          ...gone.flatMap(({ shown }) => [`# and drop ${shown}`]),
        ];
        return words.join(' ');
      },
    },
  };
}
