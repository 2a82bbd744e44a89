import { listRuns, type Run } from '../../engine/journal/runs.ts';
import type { Check } from '../../engine/plan.ts';
import type { Backup } from '../repository.ts';

/** For how long what a run could be taken back with is kept from a rule that removes old backups. */
const UNDO_DAYS = 14;

type Names = Pick<Backup, 'id' | 'path' | 'archive'>;

/** Tells which backups runs still need: they go on, were killed, or can be taken back and ended not long ago. */
export function needed(journal: string, now: Date): (backup: Names) => boolean {
  const since = new Date(now.getTime() - UNDO_DAYS * 86_400_000).toISOString();
  const runs = listRuns(journal).filter(
    (run) =>
      run.status === 'running' ||
      (!run.operation.startsWith('backups ') && (run.status === 'interrupted' || run.started_at >= since)),
  );
  return (backup) => {
    const names = namesOf(backup);
    return runs.some((run) => useOf(run, names) !== undefined);
  };
}

/** What would be lost to others with a backup: runs that read it now, or that cannot be taken back without it. */
export function usageChecks(journal: string, backup: Names): Check[] {
  const names = namesOf(backup);
  return listRuns(journal).flatMap((run) => {
    const use = useOf(run, names);
    if (use === undefined) return [];
    const inUse = use === 'runs' || use === 'killed';
    return [
      {
        title: inUse ? 'In use' : 'Undo',
        status: use === 'runs' ? 'block' : 'warn',
        detail: SENTENCES[use](run),
      },
    ];
  });
}

type Use = 'runs' | 'killed' | 'undo' | 'way_back';

const SENTENCES: Readonly<Record<Use, (run: Run) => string>> = {
  runs: ({ id, subject }) => `The run ${id} uses it (${subject}). Wait for it to end.`,
  killed: ({ id, subject }) =>
    `The run ${id} was killed and may need it (${subject}). Clean up first: pgdeck recover`,
  undo: ({ undo, subject }) => `${undo} may need it (${subject}).`,
  way_back: ({ id, status, subject }) =>
    `It was made before the run ${id}, which ${status === 'failed' ? 'failed' : 'was cancelled'} (${subject}): it may be the only way back.`,
};

/** What a run needs a backup for; undefined where it does not. */
function useOf(run: Run, names: ReadonlySet<string>): Use | undefined {
  const { operation, status, undo, undone_by, input, facts } = run;
  if (!mentions({ ...input, ...facts }, names)) return undefined;
  if (status === 'running') return 'runs';
  // what read it only has nothing to take back
  if (operation.startsWith('backups ')) return undefined;
  if (status === 'interrupted') return 'killed';
  if (undo !== null) return undoesWithBackup(run) ? 'undo' : undefined;
  // such as migrations of which a part was applied: the run has no undo then
  const failed = status === 'failed' || status === 'cancelled';
  return failed && undone_by === null && mentions(facts.safety, names) ? 'way_back' : undefined;
}

/** Other commands delete what was made, or drop what was restored beside. */
function undoesWithBackup({ id, undo }: Run): boolean {
  return undo === `pgdeck undo ${id}` || undo?.startsWith('pgdeck restore ') === true;
}

function namesOf({ id, path, archive }: Names): ReadonlySet<string> {
  return new Set([id, path, archive]);
}

/** Whether one of the names stands somewhere in what a run was given or has recorded. */
function mentions(value: unknown, names: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return names.has(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((one) => mentions(one, names));
}
