import { fullName } from '../../db/ident.ts';
import { plural } from '../../text/units.ts';
import { readManifest } from '../archive/rows/manifest.ts';
import { finishRows } from '../archive/rows/reader.ts';
import { commandWords } from '../engine/fields.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan, Step } from '../engine/plan.ts';
import { finishUndo } from '../rows/finish-undo.ts';
import { committedParts, notedParts } from '../rows/noted.ts';
import { rowsSession } from '../rows/session.ts';
import { type Facts, readFacts } from './facts.ts';
import { findKey } from './run/constraint.ts';
import { undoOrphans } from './undo.ts';

/** What a killed run has left: an archive to be finished, and what is to be told. Throws {@link OpError} or DbError. */
export async function recoverOrphans(run: Run, context: OpContext): Promise<Plan | undefined> {
  const undone = run.facts.undo_of;
  if (typeof undone === 'string') return finishUndo(run, undone, context, undoOrphans);
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
