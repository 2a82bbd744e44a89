import { relative } from 'node:path';
import type { Host, RunResult } from '../../../../hosts/host.ts';
import type { Step } from '../../../engine/plan.ts';
import type { Migration } from '../../files/migration.ts';
import { readMigrations } from '../../files/read.ts';
import { lint } from '../../sql/lint/lint.ts';
import type { Destination, Direction, Item, Problem, Route, Status, Where } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import type { Adapting } from '../shared/adapting.ts';
import { findHistory, readApplied } from '../shared/history.ts';
import { type Command, findProgram, nodeDirectories, textOf } from '../shared/programs.ts';
import { concurrent, sqlOf } from '../shared/sections.ts';
import {
  chooseAllUp,
  chooseDown,
  isApplied,
  lineOf,
  migrationsOf,
  movedBy,
  problemsOf,
  statusHash,
} from '../shared/status.ts';
import { toolStep } from '../shared/step.ts';
import { lockTimeoutOf } from '../shared/timeout.ts';
import { type DbmateProject, findProject } from './project.ts';

interface DbmateStatus {
  readonly project: DbmateProject;
  readonly command: Command | undefined;
  readonly migrations: readonly Migration[];
  readonly status: Status;
}

async function readStatus(where: Where): Promise<DbmateStatus> {
  const { host } = where.context;
  const project = await findProject(where);
  if (project === undefined) throw adapterErrors.noDbmateFiles({ directory: where.directory });
  const program = await findProgram(host, 'dbmate', nodeDirectories(where.context, project.root));
  const { migrations, problems: bad } = await readMigrations(host, project.migrations);
  const table = await findHistory(where.session, 'dbmate', project.history);
  const applied = table === undefined ? [] : await readApplied(where.session, table);
  const listed = migrations.map(({ version, name, file, down }) => ({
    version,
    name,
    file,
    reversible: down !== undefined,
  }));
  const items = lineOf(listed, applied);
  const problems: Problem[] = [...bad, ...problemsOf(items, 'dbmate')];
  if (program === undefined)
    problems.push({ kind: 'tool', version: null, message: adapterErrors.noDbmate().message });
  return {
    project,
    command: program === undefined ? undefined : { program, args: [] },
    migrations,
    status: {
      tool: 'dbmate',
      current: items.findLast(isApplied)?.version ?? null,
      items,
      problems,
    },
  };
}

async function route(where: Where, direction: Direction, to: Destination): Promise<Route> {
  const found = await readStatus(where);
  const { project, command, status } = found;
  const bad = status.problems.find(({ kind }) => kind === 'bad_file' || kind === 'tool');
  if (bad !== undefined) throw adapterErrors.blocked({ why: bad.message });
  if (command === undefined) throw adapterErrors.noDbmate();
  const chosen =
    direction === 'up'
      ? chooseAllUp(status.items, to, 'dbmate')
      : chooseDown(status.items.filter(isApplied), to, status.items, forgettable(found));
  if (direction === 'up') await refuseWithoutMark(where.context.host, project, chosen);
  const facts = [
    { label: 'Connection', value: 'DATABASE_URL' },
    { label: 'Transaction', value: 'one for each migration, unless it says transaction:false' },
    { label: 'Schema file', value: 'is left as it is: run dbmate dump for a new one' },
  ];
  return {
    direction,
    versions: chosen.map(({ version }) => version),
    hazards: lint(
      found.migrations.filter(({ version }) => chosen.some((item) => item.version === version)),
      direction,
    ),
    facts,
    steps:
      direction === 'up' ? upSteps(where, found, command, chosen) : downSteps(where, found, command, chosen),
    statusHash: statusHash(status),
  };
}

/** Those whose way down is a line with nothing behind it: dbmate runs nothing, and takes their row out. */
function forgettable({ migrations }: DbmateStatus): Set<string> {
  return new Set(migrations.filter((one) => one.forgettable).map(({ version }) => version));
}

/** dbmate notices at the file itself, with those before it applied. */
async function refuseWithoutMark(
  host: Host,
  { migrations }: DbmateProject,
  chosen: readonly Item[],
): Promise<void> {
  const bare: Item[] = [];
  for (const item of chosen) {
    const text = item.file === null ? '' : await textOf(host, migrations, item.file);
    if (!/^--\s*migrate:down/m.test(text ?? '')) bare.push(item);
  }
  if (bare.length === 0) return;
  throw adapterErrors.withoutMark({ files: bare.map(({ file }) => file) });
}

function upSteps(where: Where, found: DbmateStatus, command: Command, chosen: readonly Item[]): Step[] {
  if (chosen.length === 0) return [];
  const before = appliedOf(found);
  // not "up", which would make a database that is missing
  return [step(where, found, command, 'migrate', chosen, before, movedBy(before, versionsOf(chosen), 'up'))];
}

/** One rollback for each: dbmate takes back one, that of the highest file that is applied. */
function downSteps(where: Where, found: DbmateStatus, command: Command, chosen: readonly Item[]): Step[] {
  let before = appliedOf(found);
  return chosen.map((item) => {
    const after = movedBy(before, [item.version], 'down');
    const one = step(where, found, command, 'rollback', [item], before, after);
    before = after;
    return one;
  });
}

const versionsOf = (items: readonly Item[]): string[] => items.map(({ version }) => version);
const appliedOf = ({ status }: DbmateStatus): Set<string> =>
  new Set(versionsOf(status.items.filter(isApplied)));

function step(
  where: Where,
  { project, migrations }: DbmateStatus,
  command: Command,
  action: 'migrate' | 'rollback',
  chosen: readonly Item[],
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): Step {
  const direction = action === 'migrate' ? 'up' : 'down';
  const versions = versionsOf(chosen);
  const sources = migrations.filter(({ version }) => versions.includes(version));
  const directory = relative(project.root, project.migrations);
  return toolStep({
    where,
    tool: 'dbmate',
    driver: 'go',
    command: {
      program: command.program,
      args: [
        ...command.args,
        '--no-dump-schema',
        '--migrations-dir',
        directory === '' ? '.' : directory,
        action,
      ],
    },
    cwd: project.root,
    id: direction === 'up' ? 'dbmate-up' : `dbmate-down-${versions[0]}`,
    title:
      direction === 'up'
        ? `Apply ${migrationsOf(versions.length)} with dbmate`
        : `Take back ${versions[0]} with dbmate`,
    preview: sqlOf(sources, direction),
    before,
    after,
    count: versions.length,
    lockTimeout: lockTimeoutOf(where, concurrent(sources, direction)),
    applied: async (session) => {
      const table = await findHistory(session, 'dbmate', project.history);
      const rows = table === undefined ? [] : await readApplied(session, table);
      return new Set(rows.map(({ version }) => version));
    },
    // it says "Applied" of what has failed, too: only that it begins is certain
    counts: /^(Applying|Rolling back): /,
    words: wordsOf,
  });
}

function wordsOf({ stdout, stderr }: RunResult): string | undefined {
  const error = /^Error: ([\s\S]*)$/m.exec(stderr)?.[1]?.trim();
  const begun = [...stdout.matchAll(/^(?:Applying|Rolling back): (.*)$/gm)].at(-1)?.[1];
  return error === undefined || begun === undefined ? error : `${begun}: ${error}`;
}

/** dbmate: SQL files, one program. */
export const dbmate: Adapting = {
  detect: async (where) => (await findProject(where))?.reason,
  status: async (where) => (await readStatus(where)).status,
  route,
};
