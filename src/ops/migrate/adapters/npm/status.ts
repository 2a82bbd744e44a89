import { CommandError, type RunResult } from '../../../../hosts/host.ts';
import type { HistoryTool } from '../../formats/shared/ledger.ts';
import type { Item, Problem, Status, Where } from '../../types.ts';
import { withToolEnvironment } from '../shared/environment.ts';
import { type Applied, type FoundHistory, findHistories, readApplied } from '../shared/history.ts';
import { dependsOn } from '../shared/package-json.ts';
import type { Command } from '../shared/programs.ts';
import { isApplied, lineOf } from '../shared/status.ts';
import { shown } from '../shared/step.ts';
import { npmErrors } from './errors.ts';
import { readOutput, type Told } from './output.ts';
import { callOf, findProject, type ScriptsProject, toolOf } from './scripts.ts';
import { TOOLS, toolNamed } from './tools.ts';

export interface ScriptsStatus {
  readonly project: ScriptsProject;
  /** Undefined: the database has none that is known. */
  readonly history: FoundHistory<ScriptHistory> | undefined;
  /** In the order of application. */
  readonly applied: readonly Item[];
  /** The same, as the history has them. */
  readonly rows: readonly Applied[];
  /** It is known what waits: a status script says so. */
  readonly complete: boolean;
  readonly status: Status;
}

export async function readStatus(where: Where): Promise<ScriptsStatus> {
  const project = await findProject(where.host, where.directory);
  if (project === undefined) throw npmErrors.noScripts({ directory: where.directory });
  const history = await historyOf(where.session, project);
  const rows = history === undefined ? [] : await readApplied(where.session, history);
  const { told, problems } = await ask(where, project);
  if (history === undefined)
    problems.push({
      kind: 'no_history',
      version: null,
      message:
        'The database has no history table of a tool that is known: nothing is applied yet, or it is elsewhere.',
    });
  if (project.wrong !== undefined) problems.push(problem(project.wrong));
  const items = itemsOf(told ?? [], rows, toolNamed(toolOf(project))?.namesFiles === true);
  for (const { name, applied } of told ?? [])
    if (
      history !== undefined &&
      applied !== items.some((item) => item.name === plain(name) && isApplied(item))
    )
      problems.push(
        problem(
          `The script says that ${name} is ${applied ? '' : 'not '}applied, and the history table does not: the table is believed.`,
        ),
      );
  const byVersion = new Map(items.map((item) => [item.version, item]));
  return {
    project,
    history,
    applied: rows.flatMap(({ version }) => byVersion.get(version) ?? []),
    rows,
    complete: told !== undefined,
    status: { tool: 'npm', current: rows.at(-1)?.version ?? null, items, problems },
  };
}

/** The history of a tool that scripts may call. */
interface ScriptHistory extends HistoryTool {
  /** The tool's name. */
  readonly of: string;
  readonly package: string;
}

const HISTORIES = TOOLS.flatMap((one): ScriptHistory[] =>
  one.history === undefined ? [] : [{ ...one.history, of: one.tool, package: one.package ?? one.tool }],
);

/**
 * The history table: of the tool that the scripts call, else of one that the package depends on, where there are
 * several.
 */
export async function historyOf(
  session: Where['session'],
  project: Pick<ScriptsProject, 'found' | 'scripts'>,
): Promise<FoundHistory<ScriptHistory> | undefined> {
  const histories = await findHistories(session, HISTORIES);
  const called = toolOf(project);
  const own = histories.find(({ tool }) => tool.of === called);
  const needed = histories.find(({ tool }) => dependsOn(project.found, tool.package));
  return own ?? needed ?? histories[0];
}

/** What the status script says, where there is one. */
async function ask(
  where: Where,
  project: ScriptsProject,
): Promise<{ told: Told[] | undefined; problems: Problem[] }> {
  const { status, parser } = project.scripts;
  if (status === undefined)
    return {
      told: undefined,
      problems: [
        problem(
          'There is no status script, so only what is applied is known; name one in package.json: pgdeck.migrate.status.',
        ),
      ],
    };
  const call = callOf(project, status);
  const result = await look(where, project, call);
  if (typeof result === 'string')
    return { told: undefined, problems: [problem(`${shown(call)}: ${result}`)] };
  const told = result.exitCode === 0 ? readOutput(result.stdout, parser) : undefined;
  if (told !== undefined || parser === 'db') return { told, problems: [] };
  const raw = where.context.secrets
    .redact(`${result.stdout}\n${result.stderr}`.trim())
    .split('\n')
    // where in the tool it happened is nobody's here
    .filter((line) => !/^\s+at .*:\d+:\d+\)?$/.test(line))
    .slice(0, 20)
    .join('\n');
  const writes = /read-only transaction/.test(`${result.stdout}${result.stderr}`);
  const failed = writes
    ? 'writes to the database, which looking must not'
    : `failed with exit code ${result.exitCode}`;
  const why = result.exitCode === 0 && !writes ? 'is not understood' : failed;
  return {
    told: undefined,
    problems: [
      problem(`${shown(call)} ${why}, so only what the database says is known. It printed:\n${raw}`),
    ],
  };
}

/** Runs it with writing refused; a sentence where it does not come to an end. */
async function look(where: Where, project: ScriptsProject, call: Command): Promise<RunResult | string> {
  const { context, host, session } = where;
  try {
    return await withToolEnvironment(
      {
        context,
        host,
        session,
        driver: 'script',
        applicationName: 'pgdeck-plan',
        lockTimeout: 3000,
        readOnly: true,
      },
      (env) => host.run(call.program, call.args, { cwd: project.cwd, env, timeout: 60_000 }),
    );
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

const problem = (message: string): Problem => ({ kind: 'tool', version: null, message });

/** A name without its directory and ending. */
export const plain = (name: string): string => name.replace(/^.*\//, '').replace(/\.([cm]?[jt]s|sql)$/, '');

/** What is applied is the table's to say; what else there is, the script's. */
function itemsOf(told: readonly Told[], rows: readonly Applied[], files: boolean): Item[] {
  const versionOf = (name: string): string =>
    rows.find(
      ({ version }) => plain(version) === plain(name) || (/^\d+$/.test(version) && name.startsWith(version)),
    )?.version ?? (files ? name.replace(/^.*\//, '') : plain(name));
  const listed = told.map(({ name }) => ({
    version: versionOf(name),
    name: plain(name),
    file: null,
    reversible: true,
  }));
  // without a list it is not known that a file is missing
  if (told.length === 0)
    return rows.map(({ version, applied_at }) => ({
      version,
      name: plain(version),
      state: 'applied',
      reversible: true,
      applied_at,
      file: null,
    }));
  return lineOf(listed, rows);
}
