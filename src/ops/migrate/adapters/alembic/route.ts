import type { RunResult } from '../../../../targets/target.ts';
import { OpError } from '../../../error.ts';
import type { Fact } from '../../../operation.ts';
import type { Destination, Direction, Route, Where } from '../../types.ts';
import { pythonWords } from '../shared/failure.ts';
import { textOf } from '../shared/programs.ts';
import {
  chooseDown,
  chooseUp,
  isApplied,
  itemFor,
  movedBy,
  refuseWithoutDown,
  statusHash,
} from '../shared/status.ts';
import { shown, toolStep } from '../shared/step.ts';
import { lockTimeoutOf, waitsByDesign } from '../shared/timeout.ts';
import { hazardsOf } from './hazards.ts';
import { fingerprint, Memory } from './memory.ts';
import { headsOf, isLine, withAncestors } from './revisions.ts';
import { historyOf, readHeads, type Survey } from './survey.ts';
import { callOf, look, TITLES } from './tool.ts';

interface Choice {
  /** What the tool is told to go to. */
  readonly target: string;
  /** In the order they are run. */
  readonly versions: readonly string[];
}

export async function routeOf(
  where: Where,
  found: Survey,
  direction: Direction,
  to: Destination,
): Promise<Route> {
  const { project, command, blocked, status, revisions, applied } = found;
  if (blocked !== undefined || command === undefined)
    throw new OpError('refused', blocked?.message ?? `${TITLES[project.kind]} was not found.`);
  const { target, versions } = direction === 'up' ? up(found, to) : down(found, to);
  const tool = TITLES[project.kind];
  const facts: Fact[] = [
    { label: 'Connection', value: 'DATABASE_URL and the PG variables' },
    { label: 'Transaction', value: transactionOf(found) },
  ];
  const base = { direction, versions, hazards: [], statusHash: statusHash(status) };
  if (versions.length === 0) return { ...base, facts, steps: [] };
  const sources = revisions.filter(({ version }) => versions.includes(version));
  const concurrent = waitsByDesign(sources.map(({ path }) => textOf(path ?? '') ?? ''));
  if (concurrent) facts.push({ label: 'Lock timeout', value: 'none: a statement is CONCURRENTLY' });
  const sql = await sqlOf(where, found, direction, target);
  if (sql.refused !== undefined) facts.push({ label: 'SQL', value: sql.refused });
  const step = toolStep({
    where,
    tool,
    driver: 'libpq',
    command: callOf(command, project, [direction === 'up' ? 'upgrade' : 'downgrade', target]),
    cwd: project.root,
    inDatabaseUrl: project.kind === 'flask-migrate' ? ['SQLALCHEMY_DATABASE_URI'] : [],
    id: `${project.kind}-${direction}`,
    title: `${direction === 'up' ? 'Upgrade' : 'Downgrade'} to ${target} with ${tool}`,
    ...(sql.text !== undefined && { preview: sql.text }),
    before: applied,
    after: movedBy(applied, versions, direction),
    count: versions.length,
    lockTimeout: lockTimeoutOf(where, concurrent),
    applied: async (session) =>
      withAncestors(revisions, await readHeads(session, await historyOf(session, project))),
    counts: /Running (?:up|down)grade /,
    words: pythonWords,
  });
  const hazards = sql.text === undefined ? [] : await hazardsOf(sql.text, direction);
  return { ...base, hazards, facts, steps: [step] };
}

function up({ revisions, status, applied }: Survey, to: Destination): Choice {
  const end = upTarget();
  if (end === undefined) return { target: 'head', versions: [] };
  const wanted = withAncestors(revisions, [end]);
  const versions = revisions.map(({ version }) => version).filter((v) => wanted.has(v) && !applied.has(v));
  return { target: end, versions };

  function upTarget(): string | undefined {
    if (to.kind === 'to') return itemFor(status.items, to.version).version;
    const open = headsOf(revisions).filter((version) => !applied.has(version));
    if (to.kind === 'latest' && open.length > 1)
      throw new OpError(
        'refused',
        `The files have several ends that are not applied: ${open.join(', ')}.`,
        'Merge them (alembic merge heads), or name one with --to.',
      );
    if (to.kind === 'latest') return open[0];
    mustBeLine(revisions);
    return chooseUp(status.items, to).at(-1)?.version;
  }
}

function down(survey: Survey, to: Destination): Choice {
  const { revisions, status, applied } = survey;
  const inOrder = status.items.filter(isApplied);
  if (to.kind === 'to') {
    const stays = itemFor(inOrder, to.version).version;
    // what is beside it on another branch stays, too
    const versions = inOrder
      .filter(({ version }) => version !== stays && withAncestors(revisions, [version]).has(stays))
      .toReversed();
    refuseWithoutDown(versions);
    return { target: stays, versions: versions.map(({ version }) => version) };
  }
  if (to.kind !== 'base') mustBeLine(revisions.filter(({ version }) => applied.has(version)));
  const chosen = chooseDown(inOrder, to, status.items);
  const stays = inOrder.at(-chosen.length - 1)?.version;
  return {
    target: chosen.length === inOrder.length ? 'base' : (stays ?? 'base'),
    versions: chosen.map(({ version }) => version),
  };
}

function mustBeLine(revisions: Survey['revisions']): void {
  if (isLine(revisions)) return;
  throw new OpError(
    'refused',
    'The revisions have branches, so a number of steps does not say where to.',
    'Name the revision with --to.',
  );
}

/** The whole run is one transaction unless env.py says otherwise. */
function transactionOf({ project }: Survey): string {
  const env = textOf(project.root, project.scripts, 'env.py') ?? '';
  return /transaction_per_migration\s*=\s*True/.test(env)
    ? 'one for each revision'
    : 'one for all: when one fails, none is applied';
}

const memory = new Memory<RunResult>();

/** The SQL as the tool prints it without a database; not for revisions that ask the database. */
async function sqlOf(
  where: Where,
  { project, command, current }: Survey,
  direction: Direction,
  target: string,
): Promise<{ text?: string; refused?: string }> {
  if (command === undefined) return {};
  if (current.length > 1) return { refused: 'not shown: the history has several heads' };
  const [from] = current;
  const range = from === undefined ? target : `${from}:${target}`;
  const call = callOf(command, project, [direction === 'up' ? 'upgrade' : 'downgrade', range, '--sql']);
  const result = await memory.recall(
    where.context,
    `${fingerprint(project)}\n${shown(call)}`,
    () => look(where, project, call),
    ({ exitCode }) => exitCode === 0,
  );
  if (result.exitCode === 0) return { text: result.stdout.trim() };
  const words = pythonWords(result)?.split('\n')[0] ?? `exit code ${result.exitCode}`;
  return { refused: `not shown, ${shown(call)} fails: ${words}` };
}
