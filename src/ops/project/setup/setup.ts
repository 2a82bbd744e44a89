import { z } from 'zod';
import { plural } from '../../../text/units.ts';
import { planningSession } from '../../database/maintenance.ts';
import { markRecovered } from '../../engine/journal/journal.ts';
import type { Run } from '../../engine/journal/runs.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Check, Fact, Plan, Step } from '../../engine/plan.ts';
import { toldPlan } from '../../engine/told.ts';
import { findClients } from '../../programs/programs.ts';
import { readSqlFile, variablesOf } from '../../run-sql/read.ts';
import { inProject, readProject, SETUP_FILE } from '../file/read.ts';
import { appSteps } from '../part/app.ts';
import { historyOf } from '../part/history.ts';
import { leftSteps } from '../part/left.ts';
import { missingChecks } from '../part/secret.ts';
import { serverStep } from '../part/server.ts';
import { healthStep, reportStep } from '../part/verdict.ts';
import { planSetupBack, rolesMade } from './back.ts';
import {
  databaseStep,
  firstBackupStep,
  grantStep,
  initStep,
  migrateStep,
  roleStep,
  type Setting,
  sqlStep,
} from './parts.ts';
import { INIT, settledAll } from './settled.ts';
import { madeBySetup, situationOf } from './situation.ts';

const input = z.object({
  file: z.string().min(1).default(SETUP_FILE),
  skip: z.array(z.string().min(1)).default([]),
  again: z.array(z.string().min(1)).default([]),
  back: z.boolean().default(false),
});

/** A project's database from nothing to a report on its health, as the project's file says; goes on where it stopped. */
export const dbSetup = defineOperation({
  id: 'db setup',
  input,
  fields: {
    file: {
      title: 'File',
      hint: 'what the database is made of: a file of the project',
      placeholder: 'file',
    },
    skip: {
      title: 'Leave out',
      hint: 'an SQL file of it, or init, that is done already though no run says so',
      placeholder: 'name',
      standard: () => 'nothing',
      when: ({ back }) => back !== true,
    },
    again: {
      title: 'Run again',
      hint: 'an SQL file of it, or init, that is to be run whatever was run before',
      placeholder: 'name',
      standard: () => 'nothing',
      when: ({ back }) => back !== true,
    },
    back: {
      title: 'Take it back',
      hint: 'drop the database that set-up has made, after a backup of it, and its roles',
    },
  },
  plan: async ({ file, skip, again, back }, context) => {
    const project = await readProject(context, file);
    const situation = await situationOf(context, project);
    if (back)
      return planSetupBack(context, { name: project.name, roles: project.roles.map(({ name }) => name) });
    const choice = { skip, again };
    const settled = await settledAll(context, project, situation, choice);
    return planSetup({ project, context, situation, choice, settled }, { file, skip, again });
  },
  undo: async (run, context) => {
    const name = String(run.input.database);
    const here = { place: context.place, identifier: undefined };
    const { parts } = historyOf(context, here, { operation: 'db setup', database: name, oid: undefined });
    return planSetupBack(context, { name, roles: rolesMade(parts) });
  },
  recover: async (run, context) => toldPlan(context, run, stopped(run)),
});

function stopped(run: Run): { title: string; subject: string; value: string } {
  const done = run.steps.filter((_, step) =>
    run.events.some((event) => event.type === 'finish' && event.step === step && event.ok === true),
  );
  const far = done.length === 0 ? 'before its first step' : `after: ${done.at(-1)?.title}`;
  return {
    title: `The set-up of ${run.input.database}`,
    subject: String(run.input.database),
    value: `its set-up was killed ${far}. What was made is there; pgdeck db setup goes on from there, or takes it back.`,
  };
}

type Planning = Pick<Setting, 'project' | 'context' | 'choice' | 'situation' | 'settled'>;

async function planSetup(planning: Planning, given: Readonly<Record<string, unknown>>): Promise<Plan> {
  const { project, context, situation } = planning;
  const { name } = project;
  const setting: Setting = { ...planning, report: [], made: [] };
  const { runs, left } = situation.history;
  const steps: Step[] = [
    serverStep(context, project, situation.away === undefined, setting.report),
    ...leftSteps(context, left, situation.from),
    ...project.roles.map((role) => roleStep(setting, role)),
    databaseStep(setting),
    ...project.sql.map((sql) => sqlStep(setting, sql)),
    ...migrateStep(setting),
    ...project.roles.flatMap((role) => grantStep(setting, role)),
    ...initStep(setting),
    ...appSteps(context, project, setting.report),
    firstBackupStep(setting),
    settleStep(context, runs),
    healthStep(context, name, setting.report),
    reportStep(setting.report, `The set-up of ${name}`),
  ];
  const { made } = setting;
  const earlier = () => runs.some((run) => run.status !== 'running') || made.length > 0;
  return {
    operation: 'db setup',
    title: `Set up ${name}`,
    subject: name,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { ...given, file: project.path, database: name },
    facts: factsOf(planning),
    checks: await checksOf(planning),
    steps,
    undo: 'undo',
    // taking back a run that found all of it there would drop what earlier ones have made
    undoableWhenDone: () => made.length > 0,
    undoableInPart: earlier,
    leaves: () =>
      made.length === 0
        ? `Nothing new was made of ${name}. Set it up again: it goes on from there.`
        : `Made, and kept: ${made.join(', ')}. Set it up again: it goes on from there; undo takes it back.`,
    reaches: () =>
      made.length === 0 ? `${name} was as it was to be.` : `${name} is there: ${made.join(', ')}.`,
    ...(situation.away === undefined && { locks: [{ family: 'setup', database: name }] }),
  };
}

function factsOf({ project, context, situation }: Planning): Fact[] {
  const { away, version, oid, owner, tables, history } = situation;
  const known = history.runs.length;
  return [
    {
      label: 'Server',
      value:
        away === undefined ? `${context.place}, PostgreSQL ${version}` : `does not answer: ${away.message}`,
    },
    { label: 'File', value: project.path },
    {
      label: 'Database',
      value:
        oid === null
          ? `${project.name}, ${away === undefined ? 'which is made' : 'not known'}`
          : `${project.name}, there, of ${owner}, ${plural(tables, 'table')}`,
    },
    ...(known === 0
      ? []
      : [{ label: 'Begun before', value: history.runs.map((run) => `${run.id} ${run.status}`).join(', ') }]),
  ];
}

async function checksOf(planning: Planning): Promise<Check[]> {
  const { project, context, situation, choice, settled } = planning;
  const { away, roles, history } = situation;
  const checks: Check[] = [];
  const block = (title: string, detail: string) => checks.push({ title, status: 'block', detail });
  if (away !== undefined && project.server === undefined)
    block('Server', `${away.message} Or say how it is started in the file: "server": {"start": […]}.`);
  if (history.running !== undefined)
    block('Set-up', `${history.running.id} sets ${project.name} up right now.`);
  const names = new Set([INIT, ...project.sql.map(({ file }) => file)]);
  const strange = [...choice.skip, ...choice.again].filter((one) => !names.has(one));
  if (strange.length > 0)
    block('Left out', `${strange.join(', ')} is none of them: ${[...names].join(', ')}.`);
  const wanted = project.roles
    .filter(({ name }) => !roles.has(name))
    .flatMap(({ password }) => password ?? []);
  const init = settled.get(INIT) ?? { kind: 'open' };
  const values = init.kind === 'open' ? Object.values(project.init?.env ?? {}) : [];
  checks.push(
    ...missingChecks(context, [
      ...wanted,
      ...values.flatMap((one) => (typeof one === 'string' ? [] : [one])),
    ]),
  );
  if (away === undefined) checks.push(...(await clientsCheck(context)));
  for (const sql of project.sql) {
    const known = settled.get(sql.file) ?? { kind: 'open' };
    if (known.kind === 'done') checks.push({ title: sql.file, status: 'ok', detail: `It ${known.why}` });
    else if (known.kind === 'undecided') checks.push(undecided(sql.file, known.why));
    else checks.push(...(await fileChecks(planning, sql.file, sql.set)));
  }
  if (project.init !== undefined && init.kind === 'undecided') checks.push(undecided(INIT, init.why));
  return checks.length > 0 ? checks : [{ title: 'File', status: 'ok', detail: 'What it takes is there.' }];
}

/** The last part of it is a backup: that the programs for it are lacking is told before the first. */
async function clientsCheck(context: OpContext): Promise<Check[]> {
  const { server } = await planningSession(context);
  const { check } = await findClients(context, server, ['pg_dump', 'pg_restore']);
  return check.status === 'block' ? [check] : [];
}

function undecided(name: string, why: string): Check {
  return {
    title: name,
    status: 'block',
    detail: `${why} Look at the data: leave it out, or run it again.`,
    answer: { field: 'skip', value: name },
  };
}

/** What a file loses where there is something to lose. Throws {@link OpError} for one that cannot be run. */
async function fileChecks(
  { project, context, situation }: Planning,
  file: string,
  set: Readonly<Record<string, string>>,
): Promise<Check[]> {
  const values = variablesOf(Object.entries(set).map(([name, value]) => `${name}=${value}`));
  const { hazards } = await readSqlFile(context.here, inProject(project, file), values);
  if (situation.tables === 0) return [];
  return hazards
    .filter(({ destructive }) => destructive)
    .map(({ message, line }) => ({
      title: file,
      status: 'warn',
      detail: `line ${line ?? '?'}: ${message} ${madeBySetup(situation) ? 'A backup is made before.' : 'It is not run by set-up: run it by its own command, then leave it out.'}`,
    }));
}

/** Earlier runs that were killed have nothing left to be recovered once this one has come so far. */
function settleStep({ journal }: OpContext, runs: readonly Run[]): Step {
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
