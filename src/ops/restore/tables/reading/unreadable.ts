import type { Refusal } from '../../../archive/sql/guard.ts';
import { OpError } from '../../../error.ts';
import type { Backup } from '../../../repository/repository.ts';

/** What a program said last is the reason. */
export function unreadable(backup: Backup, stderr: string): OpError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return new OpError(
    'refused',
    `The backup ${backup.id} cannot be read${said === '' ? '.' : `: ${said}`}`,
    `Look at it with: pgdeck backups verify ${backup.id}`,
  );
}

/** Values of many lines are not told apart from definitions there, and rows of it are not read. */
export function withInserts(backup: Backup): OpError {
  return new OpError(
    'refused',
    `Tables cannot be chosen from ${backup.id}, because its rows are INSERT statements.`,
    'Restore all of it into a new database with --into NAME, and take the rows from there.',
  );
}

/** Its definitions are not told apart from what only looks like them. */
export function unreadText(backup: Backup, { message }: Refusal): OpError {
  return new OpError(
    'refused',
    `Tables cannot be chosen from ${backup.id}, because its text has: ${message}.`,
    'Restore all of it into a new database with --into NAME.',
  );
}
