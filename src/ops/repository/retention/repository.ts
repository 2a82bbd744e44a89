import type { OpContext } from '../../engine/operation.ts';
import type { ResultTable } from '../../engine/plan.ts';
import { needed } from '../care/uses.ts';
import { repositoryErrors } from '../errors.ts';
import { groupOf } from '../group.ts';
import { type Backup, listBackups } from '../repository.ts';
import { isSafety } from '../safety.ts';
import { type Decision, decide } from './decide.ts';
import { DEFAULT_KEEP, DEFAULT_KEEP_SAFETY, type KeepRule, parseKeep } from './rule.ts';

/** A rule, and how it is written. */
export interface Rule {
  readonly text: string;
  readonly rule: KeepRule;
}

/** One rule for the backups that somebody wanted, one for those that were made before a change. */
export interface Rules {
  readonly keep: Rule;
  readonly safety: Rule;
}

export interface GivenRules {
  readonly keep?: string | undefined;
  readonly keep_safety?: string | undefined;
}

/** The rules that hold: those given, the profile's, or the defaults. Throws {@link OpError} for a bad one. */
export function keepRules({ backup }: Pick<OpContext, 'backup'>, given: GivenRules = {}): Rules {
  return {
    keep: ruleOf(given.keep ?? backup.keep ?? DEFAULT_KEEP),
    safety: ruleOf(given.keep_safety ?? backup.keep_safety ?? DEFAULT_KEEP_SAFETY),
  };
}

function ruleOf(text: string): Rule {
  const parsed = parseKeep(text);
  if (!parsed.ok) throw repositoryErrors.badRule({ text, why: parsed.message });
  return { text, rule: parsed.rule };
}

export interface Judged {
  readonly backup: Backup;
  readonly safety: boolean;
  readonly decision: Decision;
}

/** Every backup of pgdeck's in the repository with what becomes of it, newest first. Others' files are never judged. */
export async function judge(
  context: Pick<OpContext, 'journal' | 'now'>,
  directory: string,
  rules: Rules,
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
      safety: isSafety(backup),
    })),
    ({ safety }) => (safety ? rules.safety : rules.keep).rule,
    context.now().getTime(),
  );
  return backups.flatMap((backup, at) => {
    const decision = decisions[at];
    return decision === undefined ? [] : [{ backup, safety: isSafety(backup), decision }];
  });
}

/** One table for each rule that has something to judge. */
export function judgedTables(judged: readonly Judged[], rules: Rules): ResultTable[] {
  const groups = [
    { title: `What "${rules.keep.text}" keeps`, own: judged.filter((one) => !one.safety) },
    { title: `Safety backups: what "${rules.safety.text}" keeps`, own: judged.filter((one) => one.safety) },
  ];
  return groups.flatMap(({ title, own }) =>
    own.length === 0
      ? []
      : [
          {
            title,
            columns: ['backup', 'database', 'scope', 'status', 'keep', 'because'],
            rows: own.map(row),
          },
        ],
  );
}

function row({ backup, decision }: Judged): string[] {
  return [
    backup.id,
    backup.database ?? '-',
    backup.scope ?? '-',
    backup.status,
    decision.keep ? 'keep' : 'delete',
    decision.because,
  ];
}
