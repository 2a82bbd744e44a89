import type { Step } from '../../../engine/plan.ts';
import { lint } from '../../sql/lint/lint.ts';
import type {
  Creation,
  Destination,
  Direction,
  Item,
  MigrationAdapter,
  MigrationDirectory,
  NewMigration,
  Problem,
  Route,
  Status,
  Where,
} from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import { type Applied, findHistory, readApplied } from './history.ts';
import { type Command, findProgram } from './programs.ts';
import {
  chooseAllUp,
  chooseDown,
  chooseUp,
  isApplied,
  lineOf,
  migrationsOf,
  movedBy,
  problemsOf,
  statusHash,
} from './status.ts';
import { toolStep } from './step.ts';
import { lockTimeoutOf } from './timeout.ts';
import type { Moves, Project, Source, Sources, Tool } from './tool.ts';

/** Everything that is known before anything is done. */
interface Found<Of extends Project, One extends Source> {
  readonly project: Of;
  /** Undefined: it is not installed. */
  readonly program: string | undefined;
  readonly sources: readonly One[];
  /** What a source, or a row of the history, is called in the status. */
  readonly versionOf: (name: string) => string;
  /** In the order in which it goes down, the last first. */
  readonly applied: readonly Item[];
  readonly status: Status;
}

/** The adapter of a tool whose migrations stand in one line: what each of them does in the same way. */
export function driven<Of extends Project, One extends Source>(tool: Tool<Of, One>): MigrationAdapter {
  const { id, title, owns, create } = tool;
  return {
    id,
    title,
    can: { down: true, to: true, steps: true, create: create !== undefined, preview: tool.preview },
    detect: async (place) => {
      const project = await tool.find(place);
      if (project === undefined || tool.onlyWithSources === undefined) return project?.reason;
      return (await tool.sources(place, project)).sources.length > 0 ? project.reason : undefined;
    },
    ...(owns && {
      owns: async (place) => {
        const project = await tool.find(place);
        return project !== undefined && owns(place, project);
      },
    }),
    ...(create && { create: (place, asked) => creationOf({ ...tool, create }, place, asked) }),
    status: async (where) => (await read(tool, where)).status,
    route: (where, direction, to) => routeOf(tool, where, direction, to),
  };
}

interface There<Of extends Project, One extends Source> extends Sources<One> {
  readonly project: Of;
  readonly program: string | undefined;
}

/** Project, files and program. Throws OpError when there is no project. */
async function lookAround<Of extends Project, One extends Source>(
  tool: Tool<Of, One>,
  place: MigrationDirectory,
): Promise<There<Of, One>> {
  const { host, directory } = place;
  const project = await tool.find(place);
  if (project === undefined)
    throw adapterErrors.noProject({ tool: tool.title, directory, absent: tool.absent });
  const found = await tool.sources(place, project);
  const program = await findProgram(host, tool.program, tool.directories(place, project.root));
  return { ...found, project, program };
}

async function read<Of extends Project, One extends Source>(
  tool: Tool<Of, One>,
  where: Where,
): Promise<Found<Of, One>> {
  const { project, program, sources, problems: bad } = await lookAround(tool, where);
  const rows = await rowsOf(tool, where.session, project);
  const versions = tool.versions?.([...sources, ...rows].map(({ version }) => version));
  const versionOf = (name: string) => versions?.get(name) ?? name;
  const items = lineOf(
    sources.map(({ version, name, file, reversible }) => ({
      ...{ version: versionOf(version), name, file, reversible },
    })),
    rows.map((row) => ({ ...row, version: versionOf(row.version) })),
  );
  const byVersion = new Map(items.map((item) => [item.version, item]));
  const inHistory = rows.flatMap(({ version }) => byVersion.get(versionOf(version)) ?? []);
  const inFiles = items.filter(isApplied);
  const problems: Problem[] = [...bad, ...problemsOf(items, tool.title)];
  if (program === undefined)
    problems.push({ kind: 'tool', version: null, message: notInstalled(tool).message });
  return {
    project,
    program,
    sources,
    versionOf,
    applied: tool.goesDownBy === 'history' ? inHistory : inFiles,
    status: {
      tool: tool.id,
      current: (tool.currentIsLast ? inHistory : inFiles).at(-1)?.version ?? null,
      items,
      problems,
    },
  };
}

const notInstalled = ({ title, install }: Pick<Tool, 'title' | 'install'>) =>
  adapterErrors.notInstalled({ tool: title, install });

async function rowsOf<Of extends Project, One extends Source>(
  { history, rows }: Pick<Tool<Of, One>, 'history' | 'rows'>,
  session: Where['session'],
  project: Of,
): Promise<readonly Applied[]> {
  const table = await findHistory(session, history, project.history);
  const all = table === undefined ? [] : await readApplied(session, table);
  return rows?.(all, project) ?? all;
}

async function routeOf<Of extends Project, One extends Source>(
  tool: Tool<Of, One>,
  where: Where,
  direction: Direction,
  to: Destination,
): Promise<Route> {
  const found = await read(tool, where);
  const { project, program, sources, status } = found;
  const bad = status.problems.find(({ kind }) => kind !== 'missing_file' && kind !== 'out_of_order');
  if (bad !== undefined) throw adapterErrors.blocked({ why: bad.message });
  if (program === undefined) throw notInstalled(tool);
  const chosen = direction === 'up' ? chosenUp(tool, status.items, to) : chosenDown(found, to);
  const used = chosen.flatMap(({ file }) => sources.find((source) => source.file === file) ?? []);
  const moves: Moves<Of, One> = { direction, project, chosen, used };
  await tool.refuse?.(moves, where);
  const unread = tool.unread ?? programsOf(used);
  return {
    direction,
    versions: chosen.map(({ version }) => version),
    hazards: lint(
      used.flatMap(({ migration }) => migration ?? []),
      direction,
    ),
    facts: tool.facts(moves),
    steps: stepsOf(tool, where, found, program, moves),
    statusHash: statusHash(status),
    ...(unread !== undefined && { unread }),
  };
}

function chosenUp(
  { allAtOnce, title }: Pick<Tool, 'allAtOnce' | 'title'>,
  items: readonly Item[],
  to: Destination,
) {
  return allAtOnce === undefined
    ? chooseUp(items, to)
    : chooseAllUp(items, to, { tool: title, instead: allAtOnce });
}

function chosenDown<Of extends Project, One extends Source>(
  { applied, sources, status, versionOf }: Found<Of, One>,
  to: Destination,
): Item[] {
  const forgettable = sources.filter((one) => one.forgettable).map(({ version }) => versionOf(version));
  return chooseDown(applied, to, status.items, new Set(forgettable));
}

function programsOf(used: readonly Source[]): string | undefined {
  const files = used.filter(({ migration }) => migration === undefined).map(({ file }) => file);
  return files.length === 0 ? undefined : `what ${files.join(', ')} ${files.length === 1 ? 'runs' : 'run'}`;
}

/** One call for all of them, or one for each; the history has to say after each what was planned. */
function stepsOf<Of extends Project, One extends Source>(
  tool: Tool<Of, One>,
  where: Where,
  found: Found<Of, One>,
  program: string,
  moves: Moves<Of, One>,
): Step[] {
  const { direction, chosen } = moves;
  const single = direction === 'down' && tool.downOneByOne === true;
  const parts = single ? chosen.map((item) => [item]) : chosen.length === 0 ? [] : [chosen];
  let before: ReadonlySet<string> = new Set(
    found.status.items.filter(isApplied).map(({ version }) => version),
  );
  return parts.map((part) => {
    const versions = part.map(({ version }) => version);
    const files = part.map(({ file }) => file);
    const after = movedBy(before, versions, direction);
    const own = { ...moves, chosen: part, used: moves.used.filter(({ file }) => files.includes(file)) };
    const command: Command = {
      program,
      args: [...(moves.project.first ?? []), ...tool.args(own)],
    };
    const what = single ? versions.join() : migrationsOf(versions.length);
    const step = stepOf(tool, where, found, command, own, {
      id: `${tool.id}-${direction}${single ? `-${what}` : ''}`,
      title: `${direction === 'up' ? 'Apply' : 'Roll back'} ${what} with ${tool.title}`,
      before,
      after,
    });
    before = after;
    return step;
  });
}

interface Part {
  readonly id: string;
  readonly title: string;
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
}

function stepOf<Of extends Project, One extends Source>(
  tool: Tool<Of, One>,
  where: Where,
  { versionOf }: Found<Of, One>,
  command: Command,
  { direction, project, chosen, used }: Moves<Of, One>,
  part: Part,
): Step {
  const { counts, words, failedAnyway } = tool;
  return toolStep({
    ...part,
    where,
    tool: tool.title,
    driver: tool.driver,
    command,
    cwd: project.root,
    inDatabaseUrl: project.variable === undefined ? [] : [project.variable],
    preview: used.map((source) => source.preview(direction)).join('\n\n'),
    count: chosen.length,
    lockTimeout: lockTimeoutOf(
      where,
      used.some((source) => source.waits(direction)),
    ),
    applied: async (session) =>
      new Set((await rowsOf(tool, session, project)).map(({ version }) => versionOf(version))),
    ...(counts && { counts }),
    ...(words && { words }),
    ...(failedAnyway && { failedAnyway }),
  });
}

async function creationOf<Of extends Project, One extends Source>(
  tool: Tool<Of, One> & Required<Pick<Tool<Of, One>, 'create'>>,
  place: MigrationDirectory,
  asked: NewMigration,
): Promise<Creation> {
  const { project, program, sources } = await lookAround(tool, place);
  if (program === undefined) throw notInstalled(tool);
  const { args, generated } = tool.create(project, asked, sources);
  const { title, driver, words } = tool;
  return {
    tool: title,
    driver,
    command: { program, args: [...(project.first ?? []), ...args] },
    cwd: project.root,
    generated,
    ...(words && { words }),
  };
}
