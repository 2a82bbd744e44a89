import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan } from '../../engine/plan.ts';
import { inProject, type Project } from '../file/read.ts';
import { type Part, planPart } from './run.ts';

/** What is decided about migrations beforehand. */
export interface MigrateWish {
  /** Every hazard is taken: nothing is in the database that could be lost. */
  readonly fresh: boolean;
  readonly acknowledge: readonly string[];
  /** What of a backup there is: made by this very run; by an earlier one, which lacks what was written since; none. */
  readonly backup: 'now' | 'earlier' | 'none';
}

/** The migrations as a part, with what they ask for, and their plan. Throws {@link OpError} and DbError. */
export async function migratePart(
  context: OpContext,
  project: Project,
  wish: MigrateWish,
): Promise<{ readonly part: Part; readonly plan: Plan }> {
  const { migrations, name: database } = project;
  const local = context.runsOn.migrations.kind === 'local';
  const dir = migrations?.dir ?? '.';
  const part = (more: Readonly<Record<string, unknown>>): Part => ({
    operation: 'migrate up',
    database,
    saved: wish.backup === 'now',
    input: {
      ...(migrations?.tool !== undefined && { tool: migrations.tool }),
      dir: local ? inProject(project, dir) : dir,
      ...more,
    },
  });
  const planned = (one: Part) => planPart(context, one, async (plan) => ({ part: one, plan }));
  let given = { acknowledge: [...wish.acknowledge], no_backup: wish.backup === 'earlier' || wish.fresh };
  let found = await planned(part(given));
  const asked = answersOf(found.plan.checks);
  if (wish.fresh && asked.length > 0) {
    given = { ...given, acknowledge: [...given.acknowledge, ...asked] };
    found = await planned(part(given));
  }
  if (given.no_backup && found.plan.checks.some(needsBackup))
    found = await planned(part({ ...given, no_backup: false }));
  return found;
}

function answersOf(checks: readonly Check[]): string[] {
  return checks.flatMap(({ status, answer }) =>
    status === 'block' && answer?.field === 'acknowledge' ? [answer.value] : [],
  );
}

/** What is lost has to be backed up by the run that loses it. */
const needsBackup = ({ title, status }: Check): boolean => title === 'Backup' && status === 'block';
