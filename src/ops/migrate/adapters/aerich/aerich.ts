import type { RunResult } from '../../../../hosts/host.ts';
import { fileName } from '../../files/create.ts';
import type {
  Creation,
  Destination,
  Direction,
  Item,
  MigrationDirectory,
  NewMigration,
  Problem,
  Route,
  Status,
  Where,
} from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import type { Adapting } from '../shared/adapting.ts';
import { pythonWords } from '../shared/failure.ts';
import { type Applied, findHistory, readApplied } from '../shared/history.ts';
import { type Command, findProgram, isWithin, pythonDirectories } from '../shared/programs.ts';
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
import { type AerichMigration, type AerichProject, findProject, readSources } from './project.ts';

interface AerichStatus {
  readonly project: AerichProject;
  readonly command: Command | undefined;
  readonly sources: readonly AerichMigration[];
  /** In the order they were applied, which Aerich goes down by. */
  readonly applied: readonly Item[];
  readonly status: Status;
}

async function readStatus(where: Where): Promise<AerichStatus> {
  const { host } = where.context;
  const project = await findProject(host, where.directory);
  if (project === undefined) throw adapterErrors.noProject({ tool: 'Aerich', directory: where.directory });
  const sources = await readSources(host, project);
  const rows = await appliedRows(where.session, project);
  const items = lineOf(sources, rows);
  const program = await findProgram(host, 'aerich', pythonDirectories(where.context, project.root));
  const problems: Problem[] = problemsOf(items, 'Aerich');
  if (program === undefined)
    problems.push({ kind: 'tool', version: null, message: adapterErrors.noAerich().message });
  return {
    project,
    command: program === undefined ? undefined : { program, args: ['--app', project.app ?? 'models'] },
    sources,
    applied: rows.flatMap((row) => items.find(({ version }) => version === row.version) ?? []),
    status: { tool: 'aerich', current: rows.at(-1)?.version ?? null, items, problems },
  };
}

/** The rows of the app: its table has those of all apps. */
async function appliedRows(session: Where['session'], { app }: AerichProject): Promise<Applied[]> {
  const table = await findHistory(session, 'aerich');
  const rows = table === undefined ? [] : await readApplied(session, table);
  return rows
    .filter(({ version }) => version.startsWith(`${app}/`))
    .map((row) => ({ ...row, version: row.version.slice(`${app}/`.length) }));
}

async function route(where: Where, direction: Direction, to: Destination): Promise<Route> {
  const found = await readStatus(where);
  const { project, command, status, sources } = found;
  if (command === undefined) throw adapterErrors.noAerich();
  const chosen =
    direction === 'up'
      ? chooseAllUp(status.items, to, 'Aerich')
      : chooseDown(found.applied, to, status.items);
  const versions = chosen.map(({ version }) => version);
  const facts = [
    { label: 'App', value: project.app ?? '' },
    { label: 'Connection', value: 'DATABASE_URL and the PG variables, where its settings read them' },
    { label: 'Transaction', value: 'one for each migration' },
    { label: 'Lock timeout', value: 'none: its driver takes no settings from outside' },
  ];
  const unread = 'what programs of Python run';
  const base = { direction, versions, hazards: [], facts, statusHash: statusHash(status), unread };
  if (chosen.length === 0) return { ...base, steps: [] };
  const before = new Set(status.items.filter(isApplied).map(({ version }) => version));
  const step = toolStep({
    where,
    tool: 'Aerich',
    driver: 'asyncpg',
    command: { program: command.program, args: [...command.args, ...argumentsOf(direction, chosen, found)] },
    cwd: project.root,
    id: `aerich-${direction}`,
    title: `${direction === 'up' ? 'Apply' : 'Take back'} ${migrationsOf(versions.length)} with Aerich`,
    preview: chosen
      .flatMap(({ version }) => sources.find((source) => source.version === version) ?? [])
      .map(({ file, text }) => `# ${file}\n${text.trim()}`)
      .join('\n\n'),
    before,
    after: movedBy(before, versions, direction),
    count: versions.length,
    lockTimeout: 0,
    applied: async (session) => new Set((await appliedRows(session, project)).map(({ version }) => version)),
    // of 0.9: Success upgrading to
    counts: /^Success (up|down)grad(e|ing)/i,
    words: aerichWords,
    // it ends with 0 when it did nothing
    failedAnyway: ({ stdout }) => /No (?:up|down)grade items found/i.test(stdout),
  });
  return { ...base, steps: [step] };
}

/** Down to the oldest of them, which goes, too; `--yes`, or it would ask. */
function argumentsOf(direction: Direction, chosen: readonly Item[], { sources }: AerichStatus): string[] {
  if (direction === 'up') return ['upgrade'];
  const oldest = sources.find(({ version }) => version === chosen.at(-1)?.version);
  return ['downgrade', '--version', String(oldest?.index ?? -1), '--yes'];
}

function aerichWords(result: RunResult): string | undefined {
  return pythonWords(result) ?? /^(?:Error: |Usage: ).*$/m.exec(result.stderr)?.[0] ?? nothing(result);
}

const nothing = ({ stdout }: RunResult): string | undefined =>
  /^No (?:up|down)grade items found.*$/im.exec(stdout)?.[0];

/** It writes what has changed in the models since the last migration; there is no other way to begin one. */
async function create({ context, directory }: MigrationDirectory, { name }: NewMigration): Promise<Creation> {
  const { host } = context;
  const project = await findProject(host, directory);
  if (project === undefined) throw adapterErrors.noProject({ tool: 'Aerich', directory });
  await readSources(host, project);
  const program = await findProgram(host, 'aerich', pythonDirectories(context, project.root));
  if (program === undefined) throw adapterErrors.noAerich();
  return {
    tool: 'Aerich',
    driver: 'asyncpg',
    command: { program, args: ['--app', project.app ?? 'models', 'migrate', '--name', fileName(name)] },
    cwd: project.root,
    generated: true,
    words: aerichWords,
  };
}

/** Aerich, of Tortoise ORM. */
export const aerich: Adapting = {
  detect: async ({ context: { host }, directory }) => (await findProject(host, directory))?.reason,
  owns: async ({ context: { host }, directory }) => {
    const project = await findProject(host, directory);
    return project !== undefined && (project.root === directory || isWithin(directory, project.location));
  },
  status: async (where) => (await readStatus(where)).status,
  route,
  create,
};
