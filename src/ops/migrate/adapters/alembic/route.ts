import type { Fact } from '../../../engine/plan.ts';
import type { Destination, Direction, Route, Where } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import { pythonWords } from '../shared/failure.ts';
import { textOf } from '../shared/programs.ts';
import { movedBy, statusHash } from '../shared/status.ts';
import { toolStep } from '../shared/step.ts';
import { lockTimeoutOf, waitsByDesign } from '../shared/timeout.ts';
import { downTo, upTo } from './destination.ts';
import { hazardsOf } from './hazards.ts';
import { withAncestors } from './revisions.ts';
import { type Sql, sqlOf } from './sql.ts';
import { type AlembicStatus, historyOf, readHeads } from './status.ts';
import { callOf, TITLES } from './tool.ts';
import { transactionOf } from './transaction.ts';

export async function routeOf(
  where: Where,
  found: AlembicStatus,
  direction: Direction,
  to: Destination,
): Promise<Route> {
  const { project, command, blocked, status, revisions, applied } = found;
  if (blocked !== undefined) throw adapterErrors.blocked({ why: blocked.message });
  if (command === undefined)
    throw adapterErrors.noAlembic({ tool: TITLES[project.kind], root: project.root });
  const { target, versions } = direction === 'up' ? upTo(found, to) : downTo(found, to);
  const tool = TITLES[project.kind];
  const facts: Fact[] = [{ label: 'Connection', value: 'DATABASE_URL and the PG variables' }];
  const base = { direction, versions, hazards: [], statusHash: statusHash(status) };
  if (versions.length === 0) return { ...base, facts, steps: [] };
  const { host } = where;
  const sources = await Promise.all(
    revisions
      .filter(({ version }) => versions.includes(version))
      .map(async ({ version, path }) => ({ version, text: (await textOf(host, path ?? '')) ?? '' })),
  );
  facts.push({ label: 'Transaction', value: await transactionOf(host, project, sources) });
  const concurrent = waitsByDesign(sources.map(({ text }) => text));
  if (concurrent) facts.push({ label: 'Lock timeout', value: 'none: a statement is CONCURRENTLY' });
  const sql = await sqlOf(where, found, { direction, target, versions });
  for (const reason of sql.hidden) facts.push({ label: 'SQL', value: reason });
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
      withAncestors(revisions, await readHeads(session, await historyOf({ ...where, session }, project))),
    counts: /Running (?:up|down)grade /,
    words: pythonWords,
  });
  const hazards = sql.text === undefined ? [] : await hazardsOf(sql.text, direction);
  // back from several heads there is no one version to name
  const oneWay = found.current.length > 1 ? { oneWay: true as const } : {};
  const unread = unreadOf(sql, versions);
  return {
    ...{ ...base, ...oneWay, hazards, facts, steps: [step] },
    ...(unread !== undefined && { unread }),
  };
}

/** What is not shown has not been looked through. */
function unreadOf({ text, unread = [] }: Sql, versions: readonly string[]): string | undefined {
  const some = text === undefined ? versions : unread;
  return some.length === 0 ? undefined : `what ${some.join(', ')} ${some.length === 1 ? 'runs' : 'run'}`;
}
