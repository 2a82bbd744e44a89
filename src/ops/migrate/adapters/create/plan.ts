import { join, relative } from 'node:path';
import { CommandError, type Host, type RunResult } from '../../../../hosts/host.ts';
import type { OpContext } from '../../../engine/operation.ts';
import type { Check, Fact, Failure, Plan, Step, StepIo } from '../../../engine/plan.ts';
import type { OpError } from '../../../error.ts';
import { typed } from '../../../programs/typed.ts';
import type { Creation, MigrationDirectory } from '../../types.ts';
import { hasNoEffect } from '../alembic/reversible.ts';
import { adapterErrors } from '../errors.ts';
import { withToolEnvironment } from '../shared/environment.ts';
import { shown } from '../shared/step.ts';

/** A file that the tool has made. */
interface Made {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

interface Draft {
  readonly files: readonly Made[];
  /** Why there is none. */
  readonly words: string;
  /** It has to write to the database first. */
  readonly writes: boolean;
}

/**
 * A plan that begins a migration with the team's own tool. What the tool generates is made while it is planned, shown
 * and taken away: what is kept is what was shown.
 */
export async function planCreation(
  place: MigrationDirectory,
  creation: Creation,
  { why, input }: { readonly why: string; readonly input: Readonly<Record<string, unknown>> },
): Promise<Plan> {
  const { tool, command, cwd, generated } = creation;
  const made: string[] = [];
  const plan = {
    operation: 'migrate create',
    title: `Create a migration with ${tool}`,
    subject: cwd,
    danger: generated ? 'confirm' : 'none',
    writes: false,
    server: cwd,
    input,
    facts: [
      { label: 'Tool', value: `${tool}: ${why}` },
      { label: 'Command', value: shown(command) },
    ] satisfies Fact[],
    checks: [],
    leaves: ({ takenBack }: Failure) =>
      takenBack ? 'No file was kept.' : `Look for leftovers: ${made.join(', ')}`,
    reaches: () =>
      made.length === 0 ? 'No file was made.' : `The database was not touched; new: ${made.join(', ')}.`,
  } as const;
  const undoable = (rest: Partial<Plan> & Pick<Plan, 'steps'>): Plan =>
    // the tool names the file
    Object.defineProperty({ ...plan, ...rest }, 'undo', {
      enumerable: true,
      get: () =>
        made.length === 0 ? undefined : { command: typed(place.host, [{ command: 'rm', args: made }]) },
    });
  if (!generated) return undoable({ steps: [runStep(place, creation, made, false)] });
  const draft = await drafted(place, creation);
  if (draft.writes)
    return undoable({
      writes: true,
      checks: [notBefore(tool)],
      steps: [runStep(place, creation, made, true)],
    });
  if (draft.files.length === 0) {
    const checks: Check[] = [{ title: 'Models', status: 'ok', detail: `${tool} says: ${draft.words}` }];
    return { ...plan, title: `${tool} has nothing to write`, danger: 'none', checks, steps: [] };
  }
  const checks = draft.files
    .filter(({ path, text }) => path.endsWith('.py') && hasNoEffect(text))
    .map(
      (): Check => ({
        title: 'Models',
        status: 'warn',
        detail: 'No difference was found: the migration does nothing.',
      }),
    );
  return undoable({
    title: `Keep ${draft.files.map(({ path }) => relative(cwd, path)).join(', ')}`,
    checks,
    steps: [keepStep(place.host, draft.files, made)],
  });
}

/** Its table is missing, and it makes that before it compares. */
function notBefore(tool: string): Check {
  return {
    title: 'Database',
    status: 'warn',
    detail: `${tool} makes its own table before it compares, which a plan must not: the file is shown when it is written, and the undo command takes it away.`,
  };
}

/** Runs the tool; the file is made by it. */
function runStep(place: MigrationDirectory, creation: Creation, made: string[], mayWrite: boolean): Step {
  return {
    id: 'create',
    title: `Write the file with ${creation.tool}`,
    preview: shown(creation.command),
    run: async (io) => {
      const { host, context } = place;
      const before = await filesBelow(host, creation.cwd);
      const session = creation.generated ? await io.connect() : undefined;
      const result = await inEnvironment(place, creation, { session, mayWrite }, (env) =>
        io.exec(creation.command.program, creation.command.args, {
          on: host,
          cwd: creation.cwd,
          env,
          accept: Array.from({ length: 256 }, (_, code) => code),
        }),
      );
      const files = await newFiles(host, creation.cwd, before);
      made.push(...files.map(({ path }) => path));
      if (result.exitCode !== 0 || files.length === 0) throw failed(creation, result, context);
      for (const { path, text } of files) {
        if (creation.generated) for (const line of text.split('\n')) io.line(line);
        io.line(path, 'stdout');
      }
    },
    rollback: () => takeAway(place.host, made),
  };
}

/** Writes what was shown. */
function keepStep(host: Host, files: readonly Made[], made: string[]): Step {
  return {
    id: 'files',
    title: files.length === 1 ? 'Write the file' : 'Write the files',
    preview: files.map(({ path, text }) => `# ${path}\n${text.trim()}`).join('\n\n'),
    run: async (io: StepIo) => {
      for (const { path, text } of files) {
        // somebody else's file of that name stays
        await host.files.create(path, text);
        made.push(path);
        io.line(path, 'stdout');
      }
    },
    rollback: () => takeAway(host, made),
  };
}

async function takeAway({ files }: Host, made: string[]): Promise<void> {
  for (const path of made.splice(0)) await files.remove(path);
}

async function drafted(place: MigrationDirectory, creation: Creation): Promise<Draft> {
  const { host, context } = place;
  const session = await context.session();
  const before = await filesBelow(host, creation.cwd);
  let result: RunResult;
  let files: Made[] = [];
  try {
    result = await inEnvironment(place, creation, { session, mayWrite: false }, (env) =>
      host.run(creation.command.program, creation.command.args, {
        cwd: creation.cwd,
        env,
        timeout: 120_000,
      }),
    );
  } catch (error) {
    throw error instanceof CommandError ? adapterErrors.notRun({ why: error.message }, error) : error;
  } finally {
    files = await newFiles(host, creation.cwd, before);
    for (const { path } of files) await host.files.remove(path);
  }
  const words = wordsOf(creation, result, context);
  const writes = result.exitCode !== 0 && /read-only transaction/.test(`${result.stdout}${result.stderr}`);
  if (result.exitCode !== 0 && !writes) throw failed(creation, result, context);
  return { files, words, writes };
}

interface How {
  readonly session: Parameters<typeof withToolEnvironment>[0]['session'];
  readonly mayWrite: boolean;
}

function inEnvironment<T>(
  { context, host }: MigrationDirectory,
  { driver, inDatabaseUrl = [] }: Creation,
  { session, mayWrite }: How,
  work: (env: Record<string, string | undefined>) => Promise<T>,
): Promise<T> {
  return withToolEnvironment(
    {
      context,
      host,
      session,
      driver,
      applicationName: 'pgdeck-create',
      lockTimeout: 3000,
      readOnly: !mayWrite,
    },
    (env) => work({ ...env, ...Object.fromEntries(inDatabaseUrl.map((name) => [name, env.DATABASE_URL])) }),
  );
}

function failed(creation: Creation, result: RunResult, context: OpContext): OpError {
  const { exitCode } = result;
  const said = wordsOf(creation, result, context);
  return adapterErrors.noNewFile({ command: shown(creation.command), exitCode, said });
}

function wordsOf({ words }: Creation, result: RunResult, context: OpContext): string {
  const lines = (text: string) => text.trim().split('\n').slice(-6).join('\n');
  const said = words?.(result) ?? (lines(result.stderr) || lines(result.stdout) || 'it said nothing');
  return context.secrets.redact(said);
}

/** What is no place for migrations. */
const ELSEWHERE = new Set([
  'node_modules',
  '__pycache__',
  'dist',
  'build',
  'venv',
  'env',
  'target',
  'vendor',
]);
const MOST_FILES = 50_000;
const MIGRATION = /\.(py|sql|[cm]?[jt]s|coffee)$/;

async function filesBelow({ files }: Host, root: string): Promise<Set<string>> {
  const found = new Set<string>();
  const open = [root];
  for (let at = open.pop(); at !== undefined && found.size < MOST_FILES; at = open.pop()) {
    for (const { name, kind } of await files.list(at).catch(() => [])) {
      const path = join(at, name);
      if (kind === 'directory' && !name.startsWith('.') && !ELSEWHERE.has(name)) open.push(path);
      else if (kind === 'file' && MIGRATION.test(name)) found.add(path);
    }
  }
  return found;
}

async function newFiles(host: Host, root: string, before: ReadonlySet<string>): Promise<Made[]> {
  const paths = [...(await filesBelow(host, root))].filter((path) => !before.has(path));
  return Promise.all(
    paths.map(async (path) => ({ path, text: (await host.files.read(path)).toString('utf8') })),
  );
}
