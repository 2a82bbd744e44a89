import { displayName } from '../../../db/ident.ts';
import type { Server } from '../../../db/server.ts';
import { grant } from '../../../db/server.ts';
import type { Check } from '../../engine/plan.ts';
import type { BackupRelation } from '../queries/relations.ts';
import type { Selection } from '../scope/selection.ts';

const NAMED = 3;

/**
 * What this role may not read. pg_dump reads all or fails: a table that it may not lock is an error also where its
 * rows are not wanted.
 */
export function rightsChecks(
  server: Server,
  relations: readonly BackupRelation[],
  selection: Selection,
  large: { readonly objects: number; readonly unreadable: number },
): Check[] {
  const title = 'Rights';
  const { looked } = selection;
  const locked = relations.filter(
    (one) => !one.readable && isRead(one) && (looked === undefined || looked.has(one.oid)),
  );
  const hidden = selection.filled.filter(({ row_security }) => row_security);
  const checks: Check[] = [];
  if (locked.length > 0)
    checks.push({
      title,
      status: 'block',
      detail:
        `${server.user} may not read ${some(locked)}. ` +
        (server.major >= 14
          ? `A superuser can give it: ${grant('pg_read_all_data', server)};`
          : 'Connect as a superuser or as the owner of the tables.'),
    });
  if (hidden.length > 0)
    checks.push({
      title,
      status: 'block',
      detail: `Row security hides rows of ${some(hidden)} from ${server.user}. A superuser can give it: ALTER ROLE ${server.user} BYPASSRLS;`,
    });
  if (selection.largeObjects && large.unreadable > 0)
    checks.push({
      title,
      status: 'block',
      detail: `${server.user} may not read ${large.unreadable} of ${large.objects} large objects. Connect as a superuser or as their owner.`,
    });
  if (checks.length > 0) return checks;
  return [{ title, status: 'ok', detail: `${server.user} may read everything that is backed up.` }];
}

/** Tables are locked before anything else, those of extensions too; the values of sequences are read. */
function isRead({ kind, of_extension }: BackupRelation): boolean {
  return kind === 'r' || kind === 'p' || (!of_extension && (kind === 'm' || kind === 'S'));
}

function some(relations: readonly BackupRelation[]): string {
  const named = relations.slice(0, NAMED).map((one) => displayName(one.schema, one.name));
  const more = relations.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}
