import type { Check } from '../../engine/plan.ts';
import type { Situation } from '../situation.ts';

const PARTS: Readonly<Record<string, string>> = {
  schema_only: 'only definitions and no rows',
  data_only: 'only rows and no definitions',
  schemas: 'only some schemas',
  tables: 'only the rows of some tables',
};

/** Whether the backup is one of a whole database, and of this one. */
export function contentChecks({ backup, database, elsewhere }: Situation, use: 'replace' | 'new'): Check[] {
  const checks: Check[] = [];
  const { scope, manifest } = backup;
  const chosen = manifest?.chosen.slice(0, 5).join(', ') ?? '';
  const part = scope === null ? undefined : PARTS[scope];
  if (scope === 'data_only')
    checks.push({
      title: 'Content',
      status: 'block',
      detail: `The backup holds ${part}. Restore its tables into a database that has them, with --table.`,
    });
  else if (part !== undefined && use === 'replace')
    checks.push({
      title: 'Content',
      status: 'block',
      detail:
        `The backup holds ${part}${chosen === '' ? '' : ` (${chosen})`}, and ${database} would have nothing else. ` +
        'Restore it into a new database with --into NAME, or its tables with --table.',
    });
  else if (part !== undefined)
    checks.push({ title: 'Content', status: 'ok', detail: `The backup holds ${part}.` });
  if (use === 'replace' && backup.database !== null && backup.database !== database)
    checks.push({
      title: 'Name',
      status: 'warn',
      detail: `This is a backup of ${backup.database}, and it replaces ${database}.`,
    });
  if (use === 'replace' && elsewhere && manifest !== undefined)
    checks.push({
      title: 'Server',
      status: 'warn',
      detail: `This is a backup of ${manifest.database.name} on another server, ${manifest.server.address}: it is no earlier state of ${database} here.`,
    });
  return checks;
}
