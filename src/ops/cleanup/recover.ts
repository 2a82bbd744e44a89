import { plural } from '../../text/units.ts';
import { listRuns, type Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan, Step } from '../engine/plan.ts';
import { finishUndo } from '../rows/finish-undo.ts';
import { rowsSession } from '../rows/session.ts';
import { deletedBy, finishedArchive } from './archive.ts';
import { some } from './checks.ts';
import { type NotedTask, notedTasks, wentOnWith } from './facts.ts';
import { attachSql, reattached } from './run/drop.ts';
import { shown } from './task.ts';
import { undoCleanup } from './undo.ts';

/** What a killed run has left: archives to be finished, and what is to be told. Throws {@link OpError} or DbError. */
export async function recoverCleanup(run: Run, context: OpContext): Promise<Plan | undefined> {
  const undone = run.facts.undo_of;
  if (typeof undone === 'string') return finishUndo(run, undone, context, undoCleanup);
  const tasks = notedTasks(run.facts);
  // another run has settled what this one left
  if (tasks.length === 0 || wentOnWith(run, listRuns(context.journal)) !== undefined) return undefined;
  const names = some(tasks.map(({ task }) => shown(task.table)));
  const again = `pgdeck cleanup --resume ${run.id} --execute`;
  const archived = tasks.some(({ archive }) => archive !== undefined);
  return {
    operation: 'recover',
    title: `Finish the archive of ${names}`,
    subject: names,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: {},
    facts: [
      { label: 'To go on then', value: again },
      ...(archived ? [{ label: 'To take it back', value: `pgdeck cleanup restore ${run.id}` }] : []),
    ],
    checks: [],
    steps: tasks.flatMap((noted) => [...attachSteps(noted), finishStep(run, noted, context)]),
    locks: [{ family: 'cleanup', database: context.target.database }],
    reaches: () =>
      [
        `What the run has deleted of ${names} is settled. To go on: ${again}.`,
        archived ? `To take it back: pgdeck cleanup restore ${run.id}` : '',
      ]
        .filter(Boolean)
        .join(' '),
    leaves: () => `No row of ${names} was changed.`,
  };
}

/** A partition that was detached and not dropped is one again. */
function attachSteps({ detached }: NotedTask): Step[] {
  if (detached === undefined) return [];
  return [
    {
      id: `attach:${shown(detached)}`,
      title: `Attach ${shown(detached)} again, if it is detached`,
      preview: `${attachSql(detached)};`,
      effect: 'it is read as a whole; others who use the table wait for a moment',
      waits: true,
      run: async (io) => {
        if (await reattached(await rowsSession(io), detached))
          io.line(`${shown(detached)} is a partition again.`);
      },
    },
  ];
}

function finishStep(run: Run, noted: NotedTask, context: OpContext): Step {
  const { archive, task, prefix } = noted;
  const name = shown(task.table);
  return {
    id: `finish:${prefix}${name}`,
    title: archive ? `Finish the archive of ${name}` : `Count what was deleted of ${name}`,
    preview: `SELECT pg_xact_status(…);${archive ? `\n-- ${archive.directory}` : ''}`,
    effect: 'changes no row',
    run: async (io) => {
      const session = await rowsSession(io);
      const manifest = await finishedArchive(session, run, noted, context.now());
      if (manifest !== undefined) {
        io.line(
          `${plural(manifest.rows, 'row')} in ${plural(manifest.parts.length, 'part')}: ${archive?.directory}`,
        );
        return;
      }
      const parts = await deletedBy(session, run, noted);
      io.line(
        `${plural(
          parts.reduce((sum, { rows }) => sum + rows, 0),
          'row',
        )} of ${name} were deleted.`,
      );
    },
  };
}
