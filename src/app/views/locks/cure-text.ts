import type { Cure } from '../../../db/cures.ts';
import { quoteLiteral } from '../../../db/ident.ts';
import type { LockRow } from '../../../db/queries/locks.ts';
import { cleanLine } from '../../../text/clean.ts';
import { clip } from '../../../text/width.ts';
import { statementKind } from './fold.ts';

/** Targets that are named one by one. */
const NAMED = 3;
const GID_CELLS = 24;

/**
 * `end 2133+2136`, `cancel 2150 (ALTER, flyway)`. `named`: also who it is, where it is one session. Safe to print.
 */
export function cureText(
  { action, pids }: Pick<Cure, 'action' | 'pids'>,
  rowOf: (pid: number) => LockRow | undefined,
  named: boolean,
): string {
  const told = pids
    .slice(0, pids.length > NAMED ? NAMED - 1 : NAMED)
    .map((pid) => targetName(pid, rowOf(pid)));
  const more = pids.length - told.length;
  const [first] = pids;
  const only = pids.length === 1 && first !== undefined ? rowOf(first) : undefined;
  const all = [...told, ...(more > 0 ? [`${more} more`] : [])].join('+');
  return `${action === 'cancel' ? 'cancel' : 'end'} ${all}${only && named ? identity(only) : ''}`;
}

function targetName(pid: number, row: LockRow | undefined): string {
  if (pid > 0) return row !== undefined && isHidden(row) ? `${pid} (hidden)` : String(pid);
  if (row === undefined || row.gid === null) return 'a prepared transaction';
  return `prepared ${clip(cleanLine(quoteLiteral(row.gid).trim()), GID_CELLS)}`;
}

/** This role may not see what the session is. */
function isHidden(row: LockRow): boolean {
  return row.pid > 0 && row.backend_start_us === null;
}

/** ` (ALTER, flyway)`: what it runs, and as which application. */
function identity(row: LockRow): string {
  if (row.pid <= 0 || isHidden(row)) return '';
  const kind = row.state === 'active' ? statementKind(row.query).toUpperCase() : '';
  const facts = [kind, cleanLine(row.application_name ?? '') || cleanLine(row.usename ?? '')];
  const known = facts.filter((fact) => fact !== '');
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}
