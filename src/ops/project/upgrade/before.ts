import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import { type Backup, listBackups, repositoryDirectory } from '../../repository/repository.ts';
import type { History } from '../part/history.ts';

/** One that was begun longer ago is not gone on with: too much has been written since its backup. */
const FRESH_HOURS = 24;
const HOUR_MS = 3_600_000;

/** The backup that an upgrade has made, where it did. */
export function backupOf(history: Pick<History, 'parts'>, run: Run, database: string): string | undefined {
  const part = history.parts.find(
    ({ operation, part_of, status }) => operation === 'backup' && part_of === run.id && status === 'done',
  );
  const own = part?.facts[`backup:${database}`] ?? run.facts.upgrade_backup;
  return typeof own === 'string' ? own : undefined;
}

/** Whether an upgrade had begun to change the database. */
export function hadBegun(history: Pick<History, 'parts'>, run: Run): boolean {
  // what it goes on with had
  if (run.facts.upgrade_continues !== undefined) return true;
  return history.parts.some(({ operation, part_of }) => operation === 'migrate up' && part_of === run.id);
}

/** The last upgrade that came to its end or changed something: one that was stopped before that is as if it had not been. */
export function lastToCount(history: History): Run | undefined {
  return history.runs.find(
    (run) => run.status === 'done' || (run.status !== 'running' && hadBegun(history, run)),
  );
}

export interface Begun {
  readonly run: Run;
  readonly backup: Backup;
}

/** The upgrade that stopped in the middle, with the backup that is the way back from it: it is gone on with. */
export async function begunBefore(
  context: OpContext,
  history: History,
  database: string,
): Promise<Begun | undefined> {
  const run = lastToCount(history);
  if (run === undefined || run.status === 'done') return undefined;
  if (context.now().getTime() - Date.parse(run.started_at) > FRESH_HOURS * HOUR_MS) return undefined;
  const id = backupOf(history, run, database);
  const backups = await listBackups(repositoryDirectory(context));
  const backup = backups.find((one) => one.id === id && one.status === 'ok');
  return backup && { run, backup };
}
