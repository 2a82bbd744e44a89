import { relative } from 'node:path';
import type { RunResult } from '../../../../hosts/host.ts';
import { fileName } from '../../files/create.ts';
import { lint } from '../../sql/lint/lint.ts';
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
import { findHistory, readApplied } from '../shared/history.ts';
import { type Command, findProgram, nodeDirectories } from '../shared/programs.ts';
import {
  chooseDown,
  chooseUp,
  isApplied,
  lineOf,
  migrationsOf,
  movedBy,
  problemsOf,
  statusHash,
} from '../shared/status.ts';
import { toolStep } from '../shared/step.ts';
import { lockTimeoutOf } from '../shared/timeout.ts';
import { type NodePgMigration, readSources, versionsOf } from './files.ts';
import { findProject, type NodePgMigrateProject } from './project.ts';

interface NodePgMigrateStatus {
  readonly project: NodePgMigrateProject;
  readonly command: Command | undefined;
  readonly sources: readonly NodePgMigration[];
  /** Versions by the names of the history. */
  readonly versions: ReadonlyMap<string, string>;
  /** As they were applied: node-pg-migrate goes down in this order. */
  readonly applied: readonly Item[];
  readonly status: Status;
}

async function readStatus(where: Where): Promise<NodePgMigrateStatus> {
  const { host } = where.context;
  const project = await findProject(host, where.directory);
  if (project === undefined) throw adapterErrors.noNodePackage({ directory: where.directory });
  const program = await findProgram(host, 'node-pg-migrate', nodeDirectories(where.context, project.root));
  const { sources, problems: bad } = await readSources(host, project.migrations);
  const rows = await appliedNames(where.session, project);
  const versions = versionsOf([...sources.map(({ name }) => name), ...rows.map(({ version }) => version)]);
  const versionOf = (name: string) => versions.get(name) ?? name;
  const items = lineOf(
    sources.map(({ name, file, reversible }) => ({
      version: versionOf(name),
      name: name.replace(/^\d+[_-]/, ''),
      file,
      reversible,
    })),
    rows.map((row) => ({ ...row, version: versionOf(row.version) })),
  );
  const problems: Problem[] = [...bad, ...problemsOf(items, 'node-pg-migrate')];
  if (program === undefined)
    problems.push({ kind: 'tool', version: null, message: adapterErrors.noNodePgMigrate().message });
  const byVersion = new Map(items.map((item) => [item.version, item]));
  const applied = rows.flatMap(({ version }) => byVersion.get(versionOf(version)) ?? []);
  return {
    project,
    command: program === undefined ? undefined : { program, args: [] },
    sources,
    versions,
    applied,
    status: { tool: 'node-pg-migrate', current: items.findLast(isApplied)?.version ?? null, items, problems },
  };
}

async function appliedNames(session: Where['session'], project: NodePgMigrateProject) {
  const table = await findHistory(session, 'node-pg-migrate', project.history);
  return table === undefined ? [] : readApplied(session, table);
}

async function route(where: Where, direction: Direction, to: Destination): Promise<Route> {
  const found = await readStatus(where);
  const { project, command, sources, versions, status } = found;
  const bad = status.problems.find(({ kind }) => kind !== 'missing_file' && kind !== 'out_of_order');
  if (bad !== undefined) throw adapterErrors.blocked({ why: bad.message });
  if (command === undefined) throw adapterErrors.noNodePgMigrate();
  const chosen =
    direction === 'up' ? chooseUp(status.items, to) : chooseDown(found.applied, to, status.items);
  const used = chosen.flatMap(({ file }) => sources.find((source) => source.file === file) ?? []);
  const programs = chosen.filter(({ file }) => file?.endsWith('.sql') === false);
  const single = !project.options.includes('--no-single-transaction');
  const facts = [
    { label: 'Connection', value: project.variable ?? 'DATABASE_URL' },
    {
      label: 'Transaction',
      value: single ? 'one for all: when one fails, none is applied' : 'one for each migration',
    },
    ...(programs.length > 0
      ? [{ label: 'SQL', value: `${programs.length} of them are programs, shown as they are` }]
      : []),
  ];
  const base = {
    direction,
    versions: chosen.map(({ version }) => version),
    hazards: lint(
      used.flatMap(({ migration }) => migration ?? []),
      direction,
    ),
    facts,
    statusHash: statusHash(status),
    ...(programs.length > 0 && {
      unread: `what ${programs.map(({ file }) => file).join(', ')} ${programs.length === 1 ? 'runs' : 'run'}`,
    }),
  };
  if (chosen.length === 0) return { ...base, steps: [] };
  const before = new Set(status.items.filter(isApplied).map(({ version }) => version));
  const directory = relative(project.root, project.migrations);
  const step = toolStep({
    where,
    tool: 'node-pg-migrate',
    driver: 'node',
    command: {
      program: command.program,
      // a count: its --timestamp takes back the one that is named, too
      args: [
        direction,
        String(chosen.length),
        '--migrations-dir',
        directory === '' ? '.' : directory,
        ...project.options,
      ],
    },
    cwd: project.root,
    inDatabaseUrl: project.variable === undefined ? [] : [project.variable],
    id: `node-pg-migrate-${direction}`,
    title: `${direction === 'up' ? 'Apply' : 'Take back'} ${migrationsOf(chosen.length)} with node-pg-migrate`,
    preview: used.map((source) => source.preview(direction)).join('\n\n'),
    before,
    after: movedBy(before, base.versions, direction),
    count: chosen.length,
    lockTimeout: lockTimeoutOf(
      where,
      used.some((source) => source.waits(direction)),
    ),
    applied: async (session) =>
      new Set((await appliedNames(session, project)).map(({ version }) => versions.get(version) ?? version)),
    counts: /^### MIGRATION .* \((UP|DOWN)\) ###$/,
    words: nodeWords,
  });
  return { ...base, steps: [step] };
}

/** What a Node.js program died of, and the migration it was at. */
export function nodeWords({ stdout, stderr }: RunResult): string | undefined {
  const error = /^(?:\w*[Ee]rror|Invalid Action): .*$/m.exec(stderr)?.[0].replace(/^\w*[Ee]rror: /, '');
  const begun = [...stdout.matchAll(/^### MIGRATION (.*) \((?:UP|DOWN)\) ###$/gm)].at(-1)?.[1];
  return error === undefined || begun === undefined ? error : `${begun}: ${error}`;
}

/** In the language and with the numbers of the last one that is there. */
async function create(
  { context, directory }: MigrationDirectory,
  { name, autogenerate }: NewMigration,
): Promise<Creation> {
  const { host } = context;
  const project = await findProject(host, directory);
  const program =
    project && (await findProgram(host, 'node-pg-migrate', nodeDirectories(context, project.root)));
  if (project === undefined || program === undefined) throw adapterErrors.noNodePgMigrate();
  if (autogenerate) throw adapterErrors.noModels({ tool: 'node-pg-migrate' });
  const { sources } = await readSources(host, project.migrations);
  const last = sources.at(-1)?.file;
  const language = last?.split('.').at(-1);
  const formats: Readonly<Record<number, string>> = { 17: 'utc', 13: 'timestamp' };
  const digits = /^\d+/.exec(last ?? '')?.[0].length;
  return {
    tool: 'node-pg-migrate',
    driver: 'node',
    command: {
      program,
      args: [
        ...['create', fileName(name), '--migrations-dir', relative(project.root, project.migrations) || '.'],
        ...(language === undefined ? [] : ['--migration-file-language', language]),
        ...(digits === undefined ? [] : ['--migration-filename-format', formats[digits] ?? 'index']),
      ],
    },
    cwd: project.root,
    generated: false,
    words: nodeWords,
  };
}

/** node-pg-migrate: SQL files and programs of Node.js. */
export const nodePgMigrate: Adapting = {
  detect: async ({ context: { host }, directory }) => {
    const project = await findProject(host, directory);
    if (project === undefined) return undefined;
    return (await readSources(host, project.migrations)).sources.length > 0 ? project.reason : undefined;
  },
  status: async (where) => (await readStatus(where)).status,
  route,
  create,
};
