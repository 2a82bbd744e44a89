import { fullName } from '../../db/ident.ts';
import { plural } from '../../text/units.ts';
import { readManifest } from '../archive/rows/manifest.ts';
import { finishRows } from '../archive/rows/reader.ts';
import { commandWords } from '../engine/fields.ts';
import { markUndone } from '../engine/journal/journal.ts';
import { listRuns, type Run, readRun } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan, Step, StepIo } from '../engine/plan.ts';
import { committedParts, notedParts } from '../rows/noted.ts';
import { rowsSession } from '../rows/session.ts';
import { type Facts, readFacts } from './facts.ts';
import { findKey } from './run/constraint.ts';
import { undoOrphans } from './undo.ts';

/** What a killed run has left: an archive to be finished, and what is to be told. Throws {@link OpError} or DbError. */
export async function recoverOrphans(run: Run, context: OpContext): Promise<Plan | undefined> {
  const undone = run.facts.undo_of;
  if (typeof undone === 'string') return finishUndo(run, undone, context);
  const facts = readFacts(run.facts);
  const { key } = facts;
  if (key === undefined) return undefined;
  const operation = await context.operations('orphans')?.load();
  const words = operation === undefined ? '' : commandWords(operation, run.input).join(' ');
  const name = fullName(key.schema, key.table);
  return {
    operation: 'recover',
    title: `Finish the archive of ${name}`,
    subject: name,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: {},
    facts: [
      { label: 'To go on then', value: `pgdeck ${words}` },
      { label: 'To take it back', value: `pgdeck undo ${run.id}` },
    ],
    checks: [],
    steps: [finishStep(run, facts, context)],
    locks: [{ family: 'orphans', database: context.target.database }],
    reaches: () =>
      `What the run has taken out of ${name} is in its archive. To go on: pgdeck ${words}. To take it back: pgdeck undo ${run.id}`,
    leaves: () => `No row of ${name} was changed.`,
  };
}

function finishStep(run: Run, { key, archive }: Facts, context: OpContext): Step {
  return {
    id: 'finish',
    title: archive ? 'Finish the archive of rows' : 'Look at the key',
    preview: archive ? `SELECT pg_xact_status(…);\n-- ${archive.directory}` : 'SELECT … FROM pg_constraint',
    effect: 'changes no row',
    run: async (io) => {
      const session = await rowsSession(io);
      if (archive && !(await isFinished(archive.directory, run))) {
        const parts = await committedParts(session, run.facts);
        const { rows } = await finishRows(
          archive.directory,
          parts.map(({ xid: _, partition: __, ...part }) => part),
          context.now(),
        );
        io.line(`${plural(rows, 'row')} in ${plural(parts.length, 'part')}: ${archive.directory}`);
      }
      if (key === undefined) return;
      const now = await findKey(session, key);
      io.line(
        `${key.name} is ${now === undefined ? 'not there' : now.valid ? 'valid' : 'there, NOT VALID'}.`,
      );
    },
  };
}

/** Also one that was never begun. */
async function isFinished(directory: string, run: Run): Promise<boolean> {
  try {
    return (await readManifest(directory)).ended_at !== null;
  } catch (error) {
    if (notedParts(run.facts).length === 0) return true;
    throw error;
  }
}

/** An undo that was killed is done to its end. */
async function finishUndo(undoing: Run, id: string, context: OpContext): Promise<Plan | undefined> {
  const run = readRun(context.journal, id);
  if (run === undefined || run.undone_by !== null) return undefined;
  // of several that were killed one is enough: two would put the same rows back
  const newest = listRuns(context.journal).find(
    ({ facts, operation }) => facts.undo_of === id && operation !== 'recover',
  );
  if (newest?.id !== undoing.id) return undefined;
  const plan = await undoOrphans(run, context);
  const mark = async (io: StepIo) => markUndone(context.journal, id, io.run);
  return {
    ...plan,
    operation: 'recover',
    steps: [
      ...plan.steps,
      {
        id: 'undone',
        title: `Note that ${id} is undone`,
        preview: `in ${context.journal}/${id}/events.ndjson`,
        run: mark,
      },
    ],
  };
}
