import { z } from 'zod';
import { databaseFacts } from '../../../db/queries/database/facts.ts';
import { shellWord } from '../../../text/shell.ts';
import { plural } from '../../../text/units.ts';
import { planningSession } from '../../database/maintenance.ts';
import { markRecovered } from '../../engine/journal/journal.ts';
import { serverHere } from '../../engine/journal/server.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Check, Danger, Fact, Plan, Step } from '../../engine/plan.ts';
import { toldPlan } from '../../engine/told.ts';
import { projectErrors } from '../errors.ts';
import { type Project, readProject, SETUP_FILE } from '../file/read.ts';
import { appSteps, restartApp, restartCommands } from '../part/app.ts';
import { type History, historyOf } from '../part/history.ts';
import { leftSteps } from '../part/left.ts';
import { type MigrateWish, migratePart } from '../part/migrate.ts';
import { runPart } from '../part/run.ts';
import { healthStep, type Report, reportStep } from '../part/verdict.ts';
import { planUpgradeBack, restoreNow } from './back.ts';
import { type Begun, begunBefore } from './before.ts';

const input = z.object({
  file: z.string().min(1).default(SETUP_FILE),
  acknowledge: z.array(z.string().min(1)).default([]),
  on_failure: z.enum(['stop', 'back']).default('stop'),
  back: z.boolean().default(false),
});
type Wish = z.output<typeof input>;

/** A new version of a project's database, from its state now to a report on its health; goes on where it stopped. */
export const dbUpgrade = defineOperation({
  id: 'db upgrade',
  input,
  fields: {
    file: {
      title: 'File',
      hint: 'what the database is made of: a file of the project',
      placeholder: 'file',
    },
    acknowledge: {
      title: 'Acknowledge',
      hint: 'a hazard of the migrations, by its name: it is known and wanted',
      placeholder: 'hazard',
      standard: () => 'those of the file',
      when: ({ back }) => back !== true,
    },
    on_failure: {
      title: 'Where it fails',
      hint: 'stop: leave it as it is, for a person to decide; back: restore the backup made before',
      when: ({ back }) => back !== true,
    },
    back: {
      title: 'Take it back',
      hint: 'restore the backup that the last upgrade has made before it changed anything',
    },
  },
  plan: async (wish, context) => {
    const project = await readProject(context, wish.file);
    const history = await historyNow(context, project.name);
    if (wish.back) return planUpgradeBack(context, project, history);
    return planUpgrade(wish, project, context, history);
  },
  undo: async (run, context) => {
    const project = await readProject(context, String(run.input.file));
    return planUpgradeBack(context, project, await historyNow(context, project.name));
  },
  recover: async (run, context) =>
    toldPlan(context, run, {
      title: `The upgrade of ${run.input.database}`,
      subject: String(run.input.database),
      value: 'its upgrade was killed. pgdeck db upgrade goes on from there, or takes it back.',
    }),
});

async function historyNow(context: OpContext, database: string): Promise<History> {
  const [facts] = await (await planningSession(context)).run(databaseFacts, { database });
  const here = await serverHere(context);
  return historyOf(context, here, { operation: 'db upgrade', database, oid: facts?.oid ?? null });
}

/** What the steps share. */
interface Upgrading {
  readonly wish: Wish;
  readonly project: Project;
  readonly context: OpContext;
  readonly begun: Begun | undefined;
  readonly asked: Danger;
  readonly report: Report;
  /** The way back, once there is one; and whether the database was changed. */
  readonly state: { backup: string | undefined; changing: boolean; restarted: boolean; back: boolean };
}

async function planUpgrade(
  wish: Wish,
  project: Project,
  context: OpContext,
  history: History,
): Promise<Plan> {
  const { name } = project;
  const begun = await begunBefore(context, history, name);
  const migrations =
    project.migrations === undefined
      ? undefined
      : await migratePart(context, project, wishOf(wish, project, begun));
  const session = await planningSession(context);
  const [facts] = await session.run(databaseFacts, { database: name });
  if (facts === undefined) throw projectErrors.noDatabase({ database: name });
  const asked: Danger = migrations?.plan.danger === 'type-name' ? 'type-name' : 'confirm';
  const danger: Danger = wish.on_failure === 'back' ? 'type-name' : asked;
  const state = { backup: begun?.backup.id, changing: begun !== undefined, restarted: false, back: false };
  const upgrading: Upgrading = { wish, project, context, begun, asked, report: [], state };
  const steps: Step[] = [
    aboutStep(name, facts.oid, begun),
    ...leftSteps(context, history.left, 'postgres'),
    backupStep(upgrading),
    ...(migrations === undefined ? [] : [migrateStep(upgrading, migrations.plan)]),
    analyzeStep(upgrading),
    ...noting(upgrading, appSteps(context, project, upgrading.report)),
    settleStep(context, history),
    healthStep(context, name, upgrading.report),
    reportStep(upgrading.report, `The upgrade of ${name}`),
  ];
  return {
    operation: 'db upgrade',
    title: `Upgrade ${name}`,
    subject: name,
    danger,
    writes: true,
    server: context.place,
    input: { ...wish, file: project.path, database: name },
    facts: factsOf(upgrading, session.server.version, migrations?.plan),
    checks: checksOf(migrations?.plan, history),
    ...(migrations?.plan.consequence !== undefined && { consequence: migrations.plan.consequence }),
    steps,
    undo: 'undo',
    undoableInPart: () => state.changing && !state.back && state.backup !== undefined,
    leaves: () => leavesOf(name, state),
    reaches: () => `${name} is upgraded; the backup ${state.backup} has it as it was before.`,
    locks: [{ family: 'setup', database: name }],
  };
}

function leavesOf(name: string, { backup, changing, back }: Upgrading['state']): string {
  if (back) return `${name} is as it was before the upgrade: what had been applied was taken back.`;
  if (!changing) return `${name} was not changed.`;
  return `The upgrade of ${name} stopped in the middle. Upgrade it again: it goes on from there. The way back is ${backup}: undo restores it.`;
}

const wishOf = ({ acknowledge }: Wish, { migrations }: Project, begun: Begun | undefined): MigrateWish => ({
  fresh: false,
  acknowledge: [...(migrations?.acknowledge ?? []), ...acknowledge],
  backup: begun === undefined ? 'now' : 'earlier',
});

function factsOf({ project, begun, context }: Upgrading, version: string, plan: Plan | undefined): Fact[] {
  const { name } = project;
  return [
    { label: 'Server', value: `${context.place}, PostgreSQL ${version}` },
    { label: 'File', value: project.path },
    { label: 'Database', value: name },
    { label: 'Migrations', value: plan === undefined ? 'none in the file' : plan.title },
    ...(plan?.facts ?? []).filter(({ label }) => ['Tool', 'Applied', 'Afterwards'].includes(label)),
    ...(begun === undefined
      ? []
      : [{ label: 'Goes on', value: `with ${begun.run.id}; the way back is its backup ${begun.backup.id}` }]),
  ];
}

function checksOf(plan: Plan | undefined, { running }: History): Check[] {
  const checks = (plan?.checks ?? []).filter(({ status }) => status !== 'ok');
  if (running !== undefined)
    checks.push({ title: 'Upgrade', status: 'block', detail: `${running.id} upgrades it right now.` });
  return checks.length > 0
    ? checks
    : [{ title: 'Migrations', status: 'ok', detail: 'Nothing speaks against them.' }];
}

/** What undo and the next run go by. */
function aboutStep(database: string, oid: number, begun: Begun | undefined): Step {
  return {
    id: 'about',
    title: `Note the state of ${database}`,
    preview: '# in the journal',
    run: async (io) =>
      io.record({
        about: { database, oid },
        ...(begun && { upgrade_backup: begun.backup.id, upgrade_continues: begun.run.id }),
      }),
  };
}

function backupStep({ context, project, begun, report, state }: Upgrading): Step {
  const { name } = project;
  return {
    id: 'backup',
    title: `Back up ${name} before the upgrade`,
    preview: `pgdeck backup --database ${shellWord(name)} --label 'before upgrade'`,
    run: async (io) => {
      if (begun !== undefined) {
        io.line(`The way back is ${begun.backup.id}, made before ${begun.run.id} changed anything.`);
        report.push({ what: 'Backup', outcome: `${begun.backup.id}, of ${begun.run.id}` });
        return;
      }
      const input = { database: [name], label: 'before upgrade' };
      const { backups } = await runPart(context, io, { operation: 'backup', database: name, input });
      state.backup = backups[0];
      io.record({ upgrade_backup: state.backup });
      io.line(`The way back is the backup ${state.backup}.`);
      report.push({ what: 'Backup', outcome: String(state.backup) });
    },
  };
}

function migrateStep(upgrading: Upgrading, plan: Plan): Step {
  const { context, project, wish, begun, asked, report, state } = upgrading;
  return {
    id: 'migrate',
    title: plan.title,
    preview: plan.steps.map((step) => step.preview).join('\n') || '# there is nothing to apply',
    run: async (io) => {
      const { part } = await migratePart(context, project, wishOf(wish, project, begun));
      state.changing = true;
      const { run } = await runPart(context, io, part, asked);
      report.push({ what: 'Migrations', outcome: run === undefined ? 'everything was applied' : plan.title });
    },
    // a way back that a person has asked for beforehand
    ...(wish.on_failure === 'back' && {
      rollback: async (io) => {
        const { backup, restarted } = state;
        if (backup === undefined || !state.changing) return;
        await restoreNow(context, io, backup, project.name);
        state.back = true;
        if (restarted) await restartApp(io, project, restartCommands(project, context));
      },
    }),
  };
}

/** The application may hold what it has read of the database: where it was restarted it is again after the way back. */
function noting({ state }: Upgrading, steps: readonly Step[]): Step[] {
  return steps.map((step) =>
    step.id === 'restart'
      ? {
          ...step,
          run: (io) => {
            state.restarted = true;
            return step.run(io);
          },
        }
      : step,
  );
}

function analyzeStep({ context, project, report }: Upgrading): Step {
  const { name } = project;
  return {
    id: 'analyze',
    title: `Analyze what is due in ${name}`,
    preview: 'pgdeck analyze --due',
    run: async (io) => {
      const { run, steps } = await runPart(context, io, {
        operation: 'analyze',
        database: name,
        input: { due: true },
      });
      report.push({
        what: 'Statistics',
        outcome: run === undefined ? 'nothing was due' : plural(steps, 'table'),
      });
    },
  };
}

function settleStep({ journal }: OpContext, { runs }: History): Step {
  return {
    id: 'settle',
    title: 'Note that everything is in place',
    preview: '# in the journal',
    run: async (io) => {
      for (const { id, status, recovered_by } of runs)
        if (status === 'interrupted' && recovered_by == null) markRecovered(journal, id, io.run);
    },
  };
}
