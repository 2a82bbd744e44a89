import { shellWord } from '../../../text/shell.ts';
import { plural } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import { listBackups, repositoryDirectory } from '../../repository/repository.ts';
import { projectErrors } from '../errors.ts';
import { inProject, type Project } from '../file/read.ts';
import type { SetupRole, SetupSql } from '../file/schema.ts';
import { inApp } from '../part/app.ts';
import { migratePart } from '../part/migrate.ts';
import { type Part, runPart } from '../part/run.ts';
import { fromEnv } from '../part/secret.ts';
import type { Report } from '../part/verdict.ts';
import { type Decided, INIT, type Settled, settledFile, settledInit } from './settled.ts';
import { madeBySetup, type Situation, situationOf } from './situation.ts';

/** What the steps of a set-up share. */
export interface Setting {
  readonly context: OpContext;
  readonly project: Project;
  readonly choice: Decided;
  /** As it was when it was planned; what is done goes by how it is then. */
  readonly situation: Situation;
  /** By the name of each SQL file, and of the project's own command, when it was planned. */
  readonly settled: ReadonlyMap<string, Settled>;
  readonly report: Report;
  /** What this run has made, in words for people. */
  readonly made: string[];
}

const look = ({ context, project }: Setting): Promise<Situation> => situationOf(context, project);

/** Notes what was made: where the run stops later it is told. */
function noteMade({ made, report }: Setting, what: string, outcome: string): void {
  made.push(what);
  report.push({ what, outcome });
}

/** What is made unless it is there: by what is known when it is planned. */
function makeTitle({ situation }: Setting, what: string, isThere: boolean): string {
  if (isThere) return `Keep ${what} as it is`;
  return situation.away === undefined ? `Make ${what}` : `Make ${what} where it is not there`;
}

const THERE = '# it is there';

export function roleStep(setting: Setting, role: SetupRole): Step {
  const { context, situation } = setting;
  const { name, password, no_password, no_login, member_of, comment } = role;
  const words = [
    ...['pgdeck', 'role', 'create', shellWord(name)],
    ...(no_login ? ['--no-login'] : []),
    ...(no_password ? ['--no-password'] : []),
    ...member_of.flatMap((group) => ['--member-of', shellWord(group)]),
    ...(password === undefined ? [] : [`--password-stdin  # from ${password.env}`]),
  ];
  return {
    id: `role:${name}`,
    title: makeTitle(setting, `the role ${name}`, situation.roles.has(name)),
    preview: situation.roles.has(name) ? THERE : words.join(' '),
    run: async (io) => {
      const { roles, from } = await look(setting);
      if (roles.has(name)) {
        io.line(`${name} is there already, and stays as it is.`);
        return;
      }
      const secret = password && fromEnv(context, password);
      await runPart(context, io, {
        operation: 'role create',
        database: from,
        input: {
          ...{ name, no_password, no_login, member_of },
          ...(comment !== undefined && { comment }),
          ...(secret !== undefined && { password: secret, password_again: secret }),
        },
      });
      noteMade(setting, `the role ${name}`, 'made');
    },
  };
}

export function databaseStep(setting: Setting): Step {
  const { context, project, situation } = setting;
  const { name } = project;
  const isThere = situation.oid !== null;
  const { name: _, ...wish } = project.database;
  const words = Object.entries(wish).flatMap(([key, value]) => {
    const flag = `--${key.replaceAll('_', '-')}`;
    if (value === undefined || value === false) return [];
    return value === true ? [flag] : [flag, shellWord(String(value))];
  });
  return {
    id: 'database',
    title: makeTitle(setting, `the database ${name}`, isThere),
    preview: isThere ? THERE : ['pgdeck', 'db', 'create', shellWord(name), ...words].join(' '),
    run: async (io) => {
      const before = await look(setting);
      if (before.oid === null) {
        await runPart(context, io, {
          operation: 'db create',
          database: before.from,
          input: { name, ...wish },
        });
        noteMade(setting, `the database ${name}`, 'made');
      } else io.line(`${name} is there already, with ${plural(before.tables, 'table')}.`);
      io.crashPoint('database:made');
      const { oid } = before.oid === null ? await look(setting) : before;
      const empty = before.oid === null || before.tables === 0;
      io.record({ about: { database: name, oid, empty } });
    },
  };
}

/** How a step that must not be done twice is shown, where it was done already. */
function shown(
  { settled }: Setting,
  name: string,
  what: string,
  preview: string,
): Pick<Step, 'title' | 'preview'> {
  const known = settled.get(name);
  if (known?.kind !== 'done') return { title: `Run ${what}`, preview };
  return { title: `Pass over ${what}`, preview: `# it ${known.why}` };
}

/** Whether it is to be done; says why not. Throws {@link OpError} where a person has to say. */
function isOpen(io: StepIo, name: string, settled: Settled): boolean {
  if (settled.kind === 'open') return true;
  if (settled.kind === 'undecided')
    throw projectErrors.undecided({ what: name, why: settled.why, field: name });
  io.line(`${name} ${settled.why}`);
  return false;
}

export function sqlStep(setting: Setting, sql: SetupSql): Step {
  const { context, project, choice } = setting;
  const { file, set } = sql;
  const path = inProject(project, file);
  const values = Object.entries(set).map(([name, value]) => `${name}=${value}`);
  const words = values.flatMap((value) => ['--set', shellWord(value)]);
  return {
    id: `sql:${file}`,
    ...shown(setting, file, file, ['pgdeck', 'run-sql', shellWord(path), ...words].join(' ')),
    run: async (io) => {
      const situation = await look(setting);
      if (!isOpen(io, file, await settledFile(context, project, sql, situation, choice))) return;
      const fresh = madeBySetup(situation);
      const part: Part = {
        operation: 'run-sql',
        database: project.name,
        // what is new has nothing in it that a backup would keep
        input: { file: path, set: values, no_safety_backup: situation.tables === 0 },
      };
      await runPart(context, io, part, fresh ? 'type-name' : 'confirm');
      noteMade(setting, file, 'run');
    },
  };
}

export function migrateStep(setting: Setting): Step[] {
  const { context, project } = setting;
  const { migrations, name } = project;
  if (migrations === undefined) return [];
  return [
    {
      id: 'migrate',
      title: `Apply the migrations of ${migrations.dir}`,
      preview: `pgdeck migrate up --dir ${shellWord(inProject(project, migrations.dir))}`,
      run: async (io) => {
        const fresh = madeBySetup(await look(setting));
        const wish = { fresh, acknowledge: migrations.acknowledge, backup: 'none' as const };
        const { part } = await migratePart(context, project, wish);
        const { run } = await runPart(context, io, part, fresh ? 'type-name' : 'confirm');
        if (run !== undefined) noteMade(setting, `the migrations of ${name}`, 'applied');
      },
    },
  ];
}

export function grantStep(setting: Setting, { name, as, schemas }: SetupRole): Step[] {
  const { context, project } = setting;
  if (as === undefined) return [];
  const words = [
    ...['pgdeck', 'role', 'grant', shellWord(name), '--as', as],
    ...schemas.flatMap((schema) => ['--schema', shellWord(schema)]),
  ];
  return [
    {
      id: `grant:${name}`,
      title: `Give ${name} what it takes to be ${as}`,
      preview: words.join(' '),
      run: async (io) => {
        const input = { name, as, database: project.name, schema: schemas };
        const { run } = await runPart(context, io, {
          operation: 'role grant',
          database: project.name,
          input,
        });
        if (run !== undefined) noteMade(setting, `the rights of ${name}`, `${as} of ${project.name}`);
      },
    },
  ];
}

export function initStep(setting: Setting): Step[] {
  const { context, project, choice } = setting;
  const { init } = project;
  if (init === undefined) return [];
  const hidden = Object.entries(init.env).map(([name, value]) =>
    typeof value === 'string' ? `${name}=${shellWord(value)}` : `${name}="$${value.env}"`,
  );
  return [
    {
      id: INIT,
      ...shown(
        setting,
        INIT,
        "the project's own command",
        [...hidden, ...init.command.map(shellWord)].join(' '),
      ),
      run: async (io) => {
        const situation = await look(setting);
        const settled = settledInit(project, withoutRun(situation, io.run), choice);
        // what is left out counts as done from now on: this step ends well
        if (!isOpen(io, INIT, settled)) return;
        const { host, port, user } = context.target;
        const given = Object.entries(init.env).map(([name, value]): [string, string] => [
          name,
          typeof value === 'string' ? value : (fromEnv(context, value) ?? ''),
        ]);
        const where = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: project.name };
        await inApp(io, project, init.command, { ...where, ...Object.fromEntries(given) });
        io.crashPoint('init:ran');
        noteMade(setting, "the project's own command", 'run');
      },
    },
  ];
}

/** The history without the run that asks. */
function withoutRun(situation: Situation, id: string): Situation {
  const { history } = situation;
  return { ...situation, history: { ...history, runs: history.runs.filter((run) => run.id !== id) } };
}

export function firstBackupStep(setting: Setting): Step {
  const { context, project, made } = setting;
  const { name } = project;
  return {
    id: 'backup',
    title: `Back up ${name} for the first time`,
    preview: `pgdeck backup --database ${shellWord(name)} --label 'after set-up'`,
    run: async (io) => {
      const { history } = await look(setting);
      const known = history.parts.flatMap(({ operation, status, facts }) =>
        operation === 'backup' && status === 'done' ? [String(facts[`backup:${name}`])] : [],
      );
      const there = await listBackups(repositoryDirectory(context));
      const usable = there.find(({ id, status }) => known.includes(id) && status === 'ok');
      if (made.length === 0 && usable !== undefined) {
        io.line(`Nothing has changed since ${usable.id}, which is there.`);
        return;
      }
      const input = { database: [name], label: 'after set-up' };
      await runPart(context, io, { operation: 'backup', database: name, input });
      noteMade(setting, 'the first backup', `in ${repositoryDirectory(context)}`);
    },
  };
}
