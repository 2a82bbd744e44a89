import { quoteRelation } from '../../db/ident.ts';
import { progressAnalyze, progressVacuum } from '../../db/queries/progress.ts';
import { plural } from '../../text/units.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { MaintenanceSessions } from '../maintain/shared/sessions.ts';
import { runStatement, statementPreview } from '../maintain/shared/statement.ts';
import { LOCK_SECONDS } from '../rows/batch.ts';
import { shown } from './task.ts';
import type { Work } from './work.ts';

/** One statement, and what it is about. */
interface Statement {
  readonly oid: number;
  readonly label: string;
  readonly sql: string;
}

/** What VACUUM and ANALYZE do about the tables of a run: of a partitioned one for its partitions and for itself. */
function statementsOf(
  work: Work,
  major: number,
): { readonly leaves: Statement[]; readonly parents: Statement[] } {
  const { look, drops } = work;
  const dropped = new Set(drops.map(({ oid }) => oid));
  // from 18 on without its partitions; before that all of them are analyzed with it, and need not be once before
  const only = major >= 18;
  const parents = look.relations
    .filter(({ kind, may_vacuum: may }, at) => kind === 'p' && may && (only || at === 0))
    .map((one) => statement(one, `ANALYZE ${only ? 'ONLY ' : ''}${quoteRelation(one)}`));
  const analyze = parents.length === 0 || only ? ' (ANALYZE)' : '';
  const leaves = look.leaves
    .filter(({ rows, leaf }) => rows > 0 && leaf.may_vacuum && !dropped.has(leaf.oid))
    .map(({ leaf }) => statement(leaf, `VACUUM${analyze} ${quoteRelation(leaf)}`));
  return { leaves, parents };
}

function statement(
  relation: { readonly oid: number; readonly schema: string; readonly name: string },
  sql: string,
): Statement {
  return { oid: relation.oid, label: shown(relation), sql };
}

/**
 * What is gone is made free, and the planner told, where this role may do that; where somebody is in the way autovacuum
 * does it later. But nobody analyzes a partitioned table as a whole: autovacuum never does. Undefined: there is nothing.
 */
export function vacuumStep(works: readonly Work[], major: number): Step | undefined {
  const planned = works.map((work) => ({ work, ...statementsOf(work, major) }));
  const leaves = planned.flatMap((one) => one.leaves);
  const parents = planned.flatMap((one) => one.parents);
  const all = [...leaves, ...parents];
  const [only] = all;
  if (only === undefined) return undefined;
  const what = leaves.length === 0 ? 'Analyze' : 'Vacuum and analyze';
  return {
    id: 'vacuum',
    title: `${what} ${all.length === 1 ? only.label : plural(all.length, 'table')}`,
    preview: all.map(({ sql }) => statementPreview(sql, LOCK_SECONDS)).join('\n'),
    effect: 'reads and writes continue; the room is used again, and not given back to the disk',
    run: async (io) => {
      const sessions = new MaintenanceSessions();
      for (const one of planned) {
        // of those that nothing was deleted from after all nothing has to be done
        const own = one.leaves.filter(({ oid }) => one.work.touched.has(oid));
        for (const each of own) await carryOut(io, sessions, each);
        if (own.length === 0 && one.work.rows === 0) continue;
        for (const each of one.parents) await carryOut(io, sessions, each);
      }
    },
  };
}

const VACUUM = {
  query: progressVacuum,
  phases: [
    'initializing',
    'scanning heap',
    'vacuuming indexes',
    'vacuuming heap',
    'cleaning up indexes',
    'truncating heap',
    'performing final cleanup',
  ],
};
const ANALYZE = {
  query: progressAnalyze,
  phases: ['initializing', 'acquiring sample rows', 'computing statistics', 'finalizing analyze'],
};

async function carryOut(io: StepIo, sessions: MaintenanceSessions, { label, sql }: Statement): Promise<void> {
  try {
    const watch = [VACUUM, ANALYZE];
    await runStatement(io, sessions, sql, { lockTimeout: LOCK_SECONDS, label, watch });
  } catch (error) {
    if (io.signal.aborted) throw error;
    const later = sql.startsWith('VACUUM') ? ' Autovacuum does it later.' : ` To do it later: ${sql}`;
    const done = sql.startsWith('VACUUM') ? 'vacuumed' : 'analyzed';
    io.line(`${label} was not ${done}: ${sentenceOf(error)}${later}`, 'stderr');
  }
}
