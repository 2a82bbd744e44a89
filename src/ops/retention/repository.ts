import { needed } from '../backups/uses.ts';
import type { OpContext } from '../context.ts';
import { OpError } from '../error.ts';
import type { ResultTable } from '../operation.ts';
import { type Backup, listBackups } from '../repository/repository.ts';
import { type Decision, decide } from './decide.ts';
import { DEFAULT_KEEP, type KeepRule, parseKeep } from './rule.ts';

/** The rule that holds: the one given, the profile's, or the default. Throws {@link OpError} for a bad one. */
export function keepRule(
  context: Pick<OpContext, 'backup'>,
  given?: string,
): { text: string; rule: KeepRule } {
  const text = given ?? context.backup.keep ?? DEFAULT_KEEP;
  const parsed = parseKeep(text);
  if (!parsed.ok) throw new OpError('refused', `"${text}" is no rule for what to keep: ${parsed.message}.`);
  return { text, rule: parsed.rule };
}

export interface Judged {
  readonly backup: Backup;
  readonly decision: Decision;
}

/** Every backup of pgdeck's in the repository with what becomes of it, newest first. Others' files are never judged. */
export async function judge(
  context: Pick<OpContext, 'journal' | 'now'>,
  directory: string,
  rule: KeepRule,
  database?: string,
): Promise<Judged[]> {
  const backups = (await listBackups(directory)).filter(
    (one) => one.status !== 'foreign' && (database === undefined || one.database === database),
  );
  const inUse = needed(context.journal, context.now());
  const decisions = decide(
    backups.map((backup) => ({
      id: backup.id,
      group: groupOf(backup),
      at: backup.createdAt.getTime(),
      good: backup.status === 'ok',
      pinned: backup.manifest?.pinned === true,
      inUse: inUse(backup),
    })),
    rule,
    context.now().getTime(),
  );
  return backups.flatMap((backup, at) => {
    const decision = decisions[at];
    return decision === undefined ? [] : [{ backup, decision }];
  });
}

/** A dump of the definitions alone must not push out a whole one, nor another server's of the same name. */
function groupOf({ manifest, database, scope }: Backup): string {
  const chosen = manifest === undefined ? [] : manifest.chosen;
  return JSON.stringify([manifest?.server.system_identifier ?? null, database, scope, chosen]);
}

export function judgedTable(judged: readonly Judged[]): ResultTable {
  return {
    title: 'What the rule keeps',
    columns: ['backup', 'database', 'scope', 'status', 'keep', 'because'],
    rows: judged.map(({ backup, decision }) => [
      backup.id,
      backup.database ?? '-',
      backup.scope ?? '-',
      backup.status,
      decision.keep ? 'keep' : 'delete',
      decision.because,
    ]),
  };
}
