import { listRuns, type Run } from '../journal/runs.ts';
import type { Check } from '../operation.ts';
import type { Backup } from '../repository/repository.ts';

/** What would be lost to others with a backup: runs that read it now, or that cannot be taken back without it. */
export function usageChecks(journal: string, backup: Pick<Backup, 'id' | 'path' | 'archive'>): Check[] {
  const names = new Set([backup.id, backup.path, backup.archive]);
  const runs = listRuns(journal).filter((run) => mentions({ ...run.input, ...run.facts }, names));
  return runs.flatMap((run) => checkOf(run) ?? []);
}

function checkOf({ id, operation, subject, status, undo }: Run): Check | undefined {
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
  return undo === `pgdeck undo ${id}`
    ? { title: 'Undo', status: 'warn', detail: `pgdeck undo ${id} may need it (${subject}).` }
    : undefined;
}

/** Whether one of the names stands somewhere in what a run was given or has recorded. */
function mentions(value: unknown, names: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return names.has(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((one) => mentions(one, names));
}
