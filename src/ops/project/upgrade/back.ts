import { shellWord } from '../../../text/shell.ts';
import { duration } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Plan, StepIo } from '../../engine/plan.ts';
import { listBackups, repositoryDirectory } from '../../repository/repository.ts';
import { projectErrors } from '../errors.ts';
import type { Project } from '../file/read.ts';
import { appSteps } from '../part/app.ts';
import type { History } from '../part/history.ts';
import { markStep } from '../part/mark.ts';
import { blocksOf, type Part, planPart, runPart } from '../part/run.ts';
import { backupOf, hadBegun, lastToCount } from './before.ts';

/** The database as it was before its upgrade, as a part. */
export function restorePart(backup: string, database: string): Part {
  return { operation: 'restore', database: 'postgres', input: { backup, database } };
}

/** Brings it back within the step that has failed. Throws {@link OpError}. */
export async function restoreNow(
  context: OpContext,
  io: StepIo,
  backup: string,
  name: string,
): Promise<void> {
  io.line(`Back to ${backup}, as asked for.`);
  await runPart(context, io, restorePart(backup, name), 'type-name');
}

/**
 * Takes back the last upgrade: the database as it was before, and the application restarted. Throws {@link OpError}
 * where there is none, or it has changed nothing.
 */
export async function planUpgradeBack(context: OpContext, project: Project, history: History): Promise<Plan> {
  const { name } = project;
  const run = lastToCount(history) ?? history.runs.find(({ status }) => status !== 'running');
  if (run === undefined) throw projectErrors.nothingToTakeBack({ what: 'upgrade', database: name });
  const id = backupOf(history, run, name);
  if (id === undefined || !hadBegun(history, run)) throw projectErrors.noBackup({ run: run.id });
  const backup = (await listBackups(repositoryDirectory(context))).find((one) => one.id === id);
  const age = backup && (context.now().getTime() - backup.createdAt.getTime()) / 1000;
  const part = restorePart(id, name);
  const restore = await planPart(context, part, async (plan) => plan);
  const blocked = blocksOf(restore);
  return {
    operation: 'undo',
    title: `Take back the upgrade of ${name}`,
    subject: name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { run: run.id },
    facts: [
      { label: 'Upgrade', value: `${run.id}, ${run.status}` },
      { label: 'Backup', value: age === undefined ? id : `${id}, made ${duration(age)} ago` },
    ],
    checks:
      blocked === undefined
        ? restore.checks.filter(({ status }) => status !== 'ok')
        : [{ title: 'Restore', status: 'block', detail: blocked }],
    consequence: `What was written to ${name} since ${id} is in the database that is kept, and no longer in ${name}.`,
    steps: [
      {
        id: 'restore',
        title: `Restore ${id} in the place of ${name}`,
        preview: [
          `pgdeck restore ${shellWord(id)} --database ${shellWord(name)}`,
          ...restore.steps.map(({ title }) => `# ${title}`),
        ].join('\n'),
        effect: 'clients are interrupted while it takes its place',
        run: (io) => runPart(context, io, part, 'type-name'),
      },
      ...appSteps(context, project, []),
      markStep(context, [run]),
    ],
    undoes: run.id,
    leaves: ({ done }) =>
      done.has('restore')
        ? `${name} is as it was before the upgrade.`
        : `${name} is as the upgrade has left it; taking it back again goes on.`,
    reaches: () => `${name} is as it was before the upgrade.`,
  };
}
