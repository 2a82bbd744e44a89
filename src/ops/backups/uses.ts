import { listRuns, type Run } from '../journal/runs.ts';
import type { Check } from '../operation.ts';
import type { Backup } from '../repository/repository.ts';

/** For how long what a run could be taken back with is kept from a rule that removes old backups. */
const UNDO_DAYS = 14;

/** Tells which backups runs still need: they go on, were killed, or can be taken back and ended not long ago. */
export function needed(
  journal: string,
  now: Date,
): (backup: Pick<Backup, 'id' | 'path' | 'archive'>) => boolean {
  const since = new Date(now.getTime() - UNDO_DAYS * 86_400_000).toISOString();
  const runs = listRuns(journal).filter(
    (run) =>
      run.status === 'running' ||
      (!run.operation.startsWith('backups ') &&
        (run.status === 'interrupted' || (isUndoable(run) && run.started_at >= since))),
  );
  return ({ id, path, archive }) => {
    const names = new Set([id, path, archive]);
    return runs.some((run) => mentions({ ...run.input, ...run.facts }, names));
  };
}

/** What would be lost to others with a backup: runs that read it now, or that cannot be taken back without it. */
export function usageChecks(journal: string, backup: Pick<Backup, 'id' | 'path' | 'archive'>): Check[] {
  const names = new Set([backup.id, backup.path, backup.archive]);
  const runs = listRuns(journal).filter((run) => mentions({ ...run.input, ...run.facts }, names));
  return runs.flatMap((run) => checkOf(run) ?? []);
}

function checkOf(run: Run): Check | undefined {
  const { id, operation, subject, status } = run;
  if (status === 'running')
    return {
      title: 'In use',
      status: 'block',
      detail: `The run ${id} uses it (${subject}). Wait for it to end.`,
    };
  // what read it only has nothing to take back
  if (operation.startsWith('backups ')) return undefined;
  if (status === 'interrupted')
    return {
      title: 'In use',
      status: 'warn',
      detail: `The run ${id} was killed and may need it (${subject}). Clean up first: pgdeck recover`,
    };
  return isUndoable(run)
    ? { title: 'Undo', status: 'warn', detail: `pgdeck undo ${id} may need it (${subject}).` }
    : undefined;
}

function isUndoable({ id, undo }: Run): boolean {
  return undo === `pgdeck undo ${id}`;
}

/** Whether one of the names stands somewhere in what a run was given or has recorded. */
function mentions(value: unknown, names: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return names.has(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((one) => mentions(one, names));
}
