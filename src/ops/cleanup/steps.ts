import { join } from 'node:path';
import { quoteRelation } from '../../db/ident.ts';
import { plural } from '../../text/units.ts';
import { KEPT, type Step, type StepIo } from '../engine/plan.ts';
import { removeRows } from '../rows/remove.ts';
import { ownPath } from '../rows/session.ts';
import { atPlaces, copySql } from '../rows/sql.ts';
import { unreferred } from './graph.ts';
import { ended, endedBy } from './outcome.ts';
import { attachAgain } from './run/drop.ts';
import { isOld, shown } from './task.ts';
import type { Work } from './work.ts';

/** Passes over a table that find rows: more means that they come as fast as they go. */
const PASSES = 10;
/** Of rows that refer to each other each pass takes those that nobody refers to any more. */
const LAYERS = 10_000;

/** Deletes the rows of a table one by one, in batches. */
export function rowsStep(work: Work, several: boolean): Step {
  const { task, name, expected, leaves, look } = work;
  const { archives } = task.facts;
  const leaf = leaves[0] ?? task.table;
  const condition = isOld(task.facts) + unreferred(look.graph);
  const rows = expected === undefined ? 'the rows' : plural(expected, 'row');
  const lock = `SELECT … FROM ${quoteRelation(leaf)} … FOR UPDATE SKIP LOCKED`;
  const remove = `DELETE FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces('{…}')} AND ${condition}`;
  const steps =
    archives === null
      ? ['BEGIN', lock, remove]
      : [
          'BEGIN ISOLATION LEVEL REPEATABLE READ',
          copySql(leaf, condition, '{…}', work.columns),
          `-- to ${join(archives, '…')}, forced to the disk\n${lock}`,
          remove,
        ];
  return {
    id: several ? `rows:${name}` : 'rows',
    title: `${archives === null ? 'Delete' : 'Archive and delete'} ${rows} of ${name}, batch by batch`,
    preview: [...steps, 'COMMIT;'].join(';\n'),
    effect: 'reads and writes of other rows continue',
    atomic: false,
    independent: true,
    run: (io) => takeOut(io, work),
    rollback: (io) => settled(io, work),
  };
}

/** What was archived is made readable, also of a run that was stopped. */
export async function settled(io: StepIo, work: Work): Promise<typeof KEPT> {
  await attachAgain(io, work);
  await work.finish(io);
  return KEPT;
}

async function takeOut(io: StepIo, work: Work) {
  const { look, shared, expected } = work;
  const keeper = await work.begin(io);
  const taking = work.taking(work.writer?.searchPath ?? (await ownPath(io)));
  const referred = look.graph.some(({ depth }) => depth === 1);
  const layered = look.graph.some(({ depth, self }) => depth === 1 && self);
  try {
    const session = await shared.session(io);
    await removeRows(io, session, keeper, taking, {
      ...{ expected, wait: shared.wait, passes: layered ? LAYERS : PASSES },
    });
    const left = referred ? await leftOf(io, work) : 0;
    io.crashPoint('rows:before-manifest');
    await work.rest(io);
    if (left > 0 && !work.task.facts.skip_referenced)
      return ended(io, work, 'blocked', referredBy(work), left);
    if (work.rows === 0 && left === 0 && work.writer === undefined)
      return ended(io, work, 'nothing_to_do', '', 0);
    return ended(io, work, 'done', '', left);
  } catch (error) {
    if (io.signal.aborted) throw error;
    await work.rest(io);
    return endedBy(io, work, error);
  }
}

function referredBy({ look, name }: Work): string {
  const keys = look.graph.filter(({ depth }) => depth === 1);
  const by = keys.map((one) => `${shown(one.table)} (${one.key.name})`).join(', ');
  return `Blocked: rows of ${by} refer to the rest of ${name}.`;
}

/** Rows that are old enough and still there. */
async function leftOf(io: StepIo, { shared, task, leaves }: Work): Promise<number> {
  const session = await shared.session(io);
  let left = 0;
  for (const leaf of leaves) {
    const [row] = await session.sql(
      `SELECT count(*)::float8 AS rows FROM ONLY ${quoteRelation(leaf)} c WHERE ${isOld(task.facts)}`,
    );
    left += Number(row?.rows);
  }
  return left;
}
