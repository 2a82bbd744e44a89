import { fullName } from '../../db/ident.ts';
import { runSessions } from '../../db/queries/signal/run.ts';
import { applicationNameOf } from '../database/end-backends.ts';
import type { Run } from '../engine/journal/runs.ts';
import { roleOf } from '../engine/journal/server.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { type Family, isAtWork, leftOn, recorded, sweep } from './doubts.ts';
import { dropSql } from './statement.ts';

/** Nobody stands before the screen: whoever uses the table is waited for longer. */
const SWEEP_SECONDS = 60;

/**
 * Removes what a run has left unfinished on the tables it had begun; undefined when there is nothing. `lock`: what no other
 * run of its kind may do meanwhile. Throws DbError.
 */
export async function recoverConcurrently(
  run: Run,
  context: OpContext,
  family: Family,
  lock: string = family,
): Promise<Plan | undefined> {
  const facts = recorded(run.facts, family);
  if (facts === undefined || facts.doubts.length === 0) return undefined;
  const { database, doubts } = facts;
  const session = await context.session(database);
  const applicationName = applicationNameOf(run.id);
  const { left, built } = await leftOn(session, doubts);
  const going = (await session.run(runSessions, { applicationName, role: roleOf(run.server) })).some(
    isAtWork,
  );
  const own = built.filter(({ builder_name }) => builder_name === applicationName);
  const found = [...left, ...own];
  if (found.length === 0 && !going) return undefined;
  const names = found.map(({ schema, name }) => fullName(schema, name));
  const tables = doubts.map(({ name }) => name).join(', ');
  const title = names.length === 0 ? `Remove what is unfinished on ${tables}` : `Remove ${names.join(', ')}`;
  return {
    operation: 'recover',
    title,
    subject: database,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: {},
    facts: [],
    checks: left
      .filter(({ may_drop }) => !may_drop)
      .map((one) => ({
        title: fullName(one.schema, one.name),
        // where something else can be removed, that is
        status: going || found.some(({ may_drop }) => may_drop) ? 'warn' : 'block',
        detail: `only ${one.toast ? 'a superuser' : `its owner ${one.owner} or a superuser`} may remove it.`,
      })),
    steps: [
      {
        id: 'sweep',
        title,
        preview: found.length === 0 ? 'DROP INDEX CONCURRENTLY …' : found.map(dropSql).join(';\n'),
        effect: 'reads and writes continue',
        run: (io) => sweep(io, doubts, { patience: SWEEP_SECONDS, applicationName, database }),
      },
    ],
    locks: [{ family: lock, database }],
    reaches: () => 'No rows were changed; no invalid index is left of it.',
    leaves: () => 'No rows were changed; an invalid index takes writes and serves no query.',
  };
}
