import { quoteRelation } from '../../../db/ident.ts';
import { backupBlockers, backupPrepared } from '../../../db/queries/backup/activity.ts';
import type { Session } from '../../../db/session.ts';
import { percent, plural } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import { LOCK_WAIT } from '../dump/command.ts';
import { blockerText } from '../dump/progress.ts';
import type { BackupRequest } from '../request.ts';
import type { Selection } from '../scope/selection.ts';

/** A share of the data above which other processes wait for the one that has this table. */
const DOMINATES = 0.6;

/** What goes on in the database that a dump would wait for or leave out. Throws DbError. */
export async function activityChecks(session: Session): Promise<Check[]> {
  const [blockers, [prepared]] = await Promise.all([
    session.run(backupBlockers, undefined),
    session.run(backupPrepared, undefined),
  ]);
  const checks: Check[] = blockers.map((blocker) => ({
    title: 'Locks',
    status: 'warn',
    detail: `${blockerText(blocker)}${blocker.query ? `: ${blocker.query}` : ''}. The dump waits ${LOCK_WAIT} for it, then fails.`,
  }));
  if (blockers.length === 0)
    checks.push({ title: 'Locks', status: 'ok', detail: 'No table is locked exclusively.' });
  if (prepared !== undefined && prepared.transactions > 0)
    checks.push({
      title: 'Prepared transactions',
      status: 'ok',
      detail: `${prepared.transactions} are open: what they have done is in no backup until they are committed.`,
    });
  return checks;
}

/** What the server and the way of the backup have to say to each other. */
export function shapeChecks(session: Session, request: BackupRequest, selection: Selection): Check[] {
  const { server } = session;
  const checks: Check[] = [];
  if (server.standby)
    checks.push({
      title: 'Standby',
      status: 'warn',
      detail:
        'Replay may cancel a long dump (max_standby_streaming_delay), and rows of unlogged tables are not there.',
    });
  // the tables of a safety backup go back to where the others are
  if (selection.dangling.length > 0 && !request.safety)
    checks.push({
      title: 'Foreign keys',
      status: request.format === 'plain' ? 'block' : 'warn',
      detail:
        `${plural(selection.dangling.length, 'foreign key')} ${selection.dangling.length === 1 ? 'leads' : 'lead'} from the chosen tables to rows that are not in the backup (${keys(selection)}). ` +
        (request.format === 'plain'
          ? 'A plain dump cannot leave them out: choose those tables too, or another format.'
          : 'A restore into an empty database leaves them out.'),
    });
  if (request.jobs > 1) checks.push(...jobsCheck(request, selection));
  return checks;
}

function keys({ dangling }: Selection): string {
  const named = dangling.slice(0, 3).map(({ name }) => name);
  return dangling.length > named.length ? `${named.join(', ')}, …` : named.join(', ');
}

function jobsCheck({ jobs }: BackupRequest, { filled }: Selection): Check[] {
  const total = filled.reduce((sum, one) => sum + one.bytes, 0);
  const largest = filled.reduce((a, b) => (b.bytes > (a?.bytes ?? 0) ? b : a), filled[0]);
  if (largest === undefined || total === 0 || largest.bytes / total < DOMINATES) return [];
  return [
    {
      title: 'Jobs',
      status: 'ok',
      detail: `${quoteRelation(largest)} is ${percent(largest.bytes / total)} of the data: ${jobs} jobs will hardly be faster than one.`,
    },
  ];
}
