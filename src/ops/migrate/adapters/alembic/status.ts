import { join } from 'node:path';
import { CommandError } from '../../../../hosts/host.ts';
import { capital } from '../../../../text/capital.ts';
import { OpError, sentenceOf } from '../../../error.ts';
import type { Item, Problem, Status, Where } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import { elsewhere } from '../shared/elsewhere.ts';
import { pythonWords } from '../shared/failure.ts';
import { type FoundHistory, findHistory, readApplied, readOnly } from '../shared/history.ts';
import { type Command, textOf } from '../shared/programs.ts';
import { fingerprint, Memory } from './memory.ts';
import { headsOf, parseHistory, type Revision, withAncestors } from './revisions.ts';
import {
  type AlembicProject,
  below,
  callOf,
  commandsOf,
  findProject,
  isNotInstalled,
  look,
  mergeCommand,
  TITLES,
} from './tool.ts';

/** Everything that is known before anything is done. */
export interface AlembicStatus {
  readonly project: AlembicProject;
  readonly command: Command | undefined;
  /** Oldest first. */
  readonly revisions: readonly Revision[];
  /** What the history table has: the heads of what is applied. */
  readonly current: readonly string[];
  readonly applied: ReadonlySet<string>;
  readonly status: Status;
  /** Why nothing may be run; the tool's words and ours. */
  readonly blocked: Problem | undefined;
}

export async function readStatus(where: Where, kind: AlembicProject['kind']): Promise<AlembicStatus> {
  const project = await findProject(where.host, where.directory);
  if (project?.kind !== kind)
    throw adapterErrors.noProject({ tool: TITLES[kind], directory: where.directory });
  const current = await readHeads(where.session, await historyOf(where, project));
  const told = await ask(where, project);
  const { revisions } = told;
  const applied = withAncestors(revisions, current);
  const files = new Set(revisions.map(({ version }) => version));
  const unknown = current.filter((version) => !files.has(version)).map(unknownRevision);
  const heads = headsOf(revisions);
  const problems: Problem[] = [...told.problems, ...(told.failed ? [] : unknown)];
  if (heads.length > 1)
    problems.push({
      kind: 'several_heads',
      version: null,
      message: `The files have ${heads.length} ends (${heads.join(', ')}): merge them (${mergeCommand(project)}), name one with --to, or apply them all with --to heads.`,
    });
  return {
    project,
    command: told.command,
    revisions,
    current,
    applied,
    blocked: told.problems[0] ?? unknown[0],
    status: {
      tool: kind,
      current: current.length === 0 ? null : current.join(', '),
      items: told.failed ? current.map(ofHistory) : itemsOf(project, revisions, applied, current),
      problems,
      ...(told.failed && { failed: true }),
    },
  };
}

/** What the history has, where the tool does not say which files there are. */
const ofHistory = (version: string): Item => ({
  version,
  name: version,
  state: 'applied',
  reversible: false,
  applied_at: null,
  file: null,
});

const unknownRevision = (version: string): Problem => ({
  kind: 'unknown_revision',
  version,
  message: `Can't locate revision ${version}, which the history has: get its file back from version control, or restore the backup from before it.`,
});

interface Told {
  readonly command: Command | undefined;
  readonly revisions: readonly Revision[];
  readonly problems: readonly Problem[];
  /** The list of the revisions was not to be had. */
  readonly failed: boolean;
  /** Since it is not installed for this Python. */
  readonly missing?: true;
}

const memory = new Memory<Told>();

/** What the tool says: its revisions, and the database it works on. */
async function ask(where: Where, project: AlembicProject): Promise<Told> {
  try {
    const commands = await commandsOf(where, project);
    return await memory.recall(
      where.context,
      await fingerprint(where.host, project),
      async () => {
        let first: Told | undefined;
        for (const command of commands) {
          const told = await answers(where, project, command);
          if (!told.missing) return told;
          first ??= told;
        }
        return first ?? answers(where, project, commands[0]);
      },
      ({ failed, problems }) => !failed && problems.length === 0,
    );
  } catch (error) {
    if (!(error instanceof CommandError) && !(error instanceof OpError)) throw error;
    return { command: undefined, revisions: [], problems: [toolProblem(sentenceOf(error))], failed: true };
  }
}

async function answers(where: Where, project: AlembicProject, command: Command): Promise<Told> {
  const [history, current] = await Promise.all([
    look(where, project, callOf(command, project, ['history', '--verbose'])),
    look(where, project, callOf(command, project, ['current', '--verbose'])),
  ]);
  if (history.exitCode !== 0) {
    const missing = isNotInstalled(history);
    const words = (pythonWords(history) ?? lastLines(history.stderr)).replace(/[.\s]+$/, '');
    const next = missing
      ? `. It is called as ${command.program}: install what the project needs in ${join(project.root, '.venv')}, or activate its virtual environment.`
      : '';
    return {
      command,
      revisions: [],
      problems: [toolProblem(saysOf(where, project, words) + next)],
      failed: true,
      ...(missing && { missing }),
    };
  }
  const revisions = await parseHistory(where.host, history.stdout);
  return { command, revisions, problems: await connected(where, project, current), failed: false };
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-3).join('\n');

async function connected(
  where: Where,
  project: AlembicProject,
  current: { readonly exitCode: number; readonly stdout: string; readonly stderr: string },
): Promise<Problem[]> {
  const url = /^Current revision\(s\) for (\S+):$/m.exec(current.stdout)?.[1];
  const other = url === undefined ? undefined : await elsewhere(url, where.context.target);
  if (other !== undefined)
    return [toolProblem(`${capital(other)}: make ${project.scripts}/env.py read DATABASE_URL.`)];
  const words = pythonWords(current);
  // a revision without a file is told from the history table, in our words
  if (current.exitCode === 0 || words === undefined || /Can't locate revision/.test(words)) return [];
  return [toolProblem(saysOf(where, project, words))];
}

const saysOf = ({ context }: Where, { kind }: AlembicProject, words: string): string =>
  context.secrets.redact(`${TITLES[kind]} says: ${words}`);

const toolProblem = (message: string): Problem => ({ kind: 'tool', version: null, message });

const HISTORY = readOnly({
  tableName: 'alembic_version',
  columns: ['version_num'],
  version: 'version_num',
  order: '1',
});

/** The table may have another name or schema, which env.py says. */
export async function historyOf(
  { context, session }: Pick<Where, 'context' | 'session'>,
  project: AlembicProject,
): Promise<FoundHistory | undefined> {
  const env = (await textOf(context.host, project.root, project.scripts, 'env.py')) ?? '';
  const said = (name: string) => new RegExp(`\\b${name}\\s*=\\s*["']([^"']+)["']`).exec(env)?.[1];
  return findHistory(session, HISTORY, {
    table: said('version_table'),
    schema: said('version_table_schema'),
  });
}

export async function readHeads(
  session: Where['session'],
  table: FoundHistory | undefined,
): Promise<string[]> {
  return table === undefined ? [] : (await readApplied(session, table)).map(({ version }) => version);
}

function itemsOf(
  { root }: AlembicProject,
  revisions: readonly Revision[],
  applied: ReadonlySet<string>,
  current: readonly string[],
): Item[] {
  const known = new Set(revisions.map(({ version }) => version));
  const children = Map.groupBy(
    revisions.flatMap(({ version, parents }) => parents.map((parent) => ({ parent, version }))),
    ({ parent }) => parent,
  );
  const overtaken = (version: string): boolean =>
    (children.get(version) ?? []).some((child) => applied.has(child.version) || overtaken(child.version));
  return [
    ...revisions.map(
      ({ version, name, reversible, path }): Item => ({
        version,
        name,
        state: applied.has(version) ? 'applied' : overtaken(version) ? 'out_of_order' : 'pending',
        reversible,
        applied_at: null,
        file: path === null ? null : below(root, path),
      }),
    ),
    ...current
      .filter((version) => !known.has(version))
      .map(
        (version): Item => ({
          version,
          name: version,
          state: 'missing_file',
          reversible: false,
          applied_at: null,
          file: null,
        }),
      ),
  ];
}
