import type { Session } from '../../db/session.ts';
import { milliseconds, plural } from '../../text/units.ts';
import type { StepIo } from '../engine/plan.ts';
import { isWarning } from '../maintain/shared/statement.ts';
import { inOwnTransaction } from '../migrate/run/apply.ts';
import { statementFailure } from '../migrate/run/failure.ts';
import type { Statement } from '../migrate/sql/statement.ts';
import type { SqlFile } from './read.ts';

/** How far a file came. */
export interface Progress {
  /** Statements that have been answered. */
  ran: number;
  /** Of those, how many stay whatever happens. */
  kept: number;
  /** The one that failed, from 1. */
  failed: number | undefined;
  committed: boolean;
}

/** More are told by the bar only. */
const TOLD = 500;

/** Runs the statements of a file, all in one transaction or one by one. Throws {@link OpError} with file and line. */
export async function runStatements(
  io: StepIo,
  session: Session,
  { file, section }: SqlFile,
  progress: Progress,
): Promise<void> {
  const { statements, transactional } = section;
  session.onNotice((notice) => {
    const from = isWarning(notice) ? 'stderr' : 'stdout';
    for (const text of [notice.message, notice.detail ?? ''])
      if (text !== '') for (const line of text.split('\n')) io.line(line, from);
  });
  const owned = inOwnTransaction(statements);
  if (transactional) await session.sql('BEGIN');
  try {
    for (const [index, statement] of statements.entries()) {
      io.signal.throwIfAborted();
      await one(io, session, file, statement, { index, of: statements.length });
      progress.ran = index + 1;
      // a statement within a transaction of the file's own stays when that ends
      if (!transactional && !(owned[index] === true && owned[index + 1] === true && !ends(statement)))
        progress.kept = index + 1;
      if (!transactional) io.record({ ran_sql: { kept: progress.kept, of: statements.length } });
      io.crashPoint(`run:${index + 1}`);
    }
    if (!transactional) return;
    const [row] = await session.sql('SELECT pg_current_xact_id_if_assigned()::text AS xid');
    io.record({ ran_sql: { xid: row?.xid == null ? null : String(row.xid), of: statements.length } });
    io.crashPoint('run:last');
    await session.sql('COMMIT');
    progress.committed = true;
    progress.kept = statements.length;
    io.crashPoint('run:committed');
  } catch (error) {
    if (progress.ran < statements.length) progress.failed = progress.ran + 1;
    if (!session.lost) await session.sql('ROLLBACK').catch(() => {});
    throw error;
  }
}

const ends = ({ title }: Statement): boolean => /^(commit|end|rollback|abort)\b/i.test(title);

async function one(
  io: StepIo,
  session: Session,
  file: string,
  statement: Statement,
  { index, of }: { index: number; of: number },
): Promise<void> {
  const started = performance.now();
  const { tag, rows } = await session.command(statement.sql).catch((error: unknown) => {
    throw statementFailure(error, file, statement);
  });
  if (index < TOLD) {
    const count = rows === null ? '' : `, ${plural(rows, 'row')}`;
    io.line(
      `${file}:${statement.line}: ${tag || 'done'}${count} (${milliseconds(performance.now() - started)})`,
    );
  } else if (index === TOLD) io.line(`The other ${of - TOLD} are told by their number only.`);
  io.progress({ label: file, done: index + 1, of, unit: 'items' });
}

/** The state of the data after a failure, in a sentence. */
export function stateOf({ section }: SqlFile, { ran, kept, failed, committed }: Progress): string {
  const { statements, transactional } = section;
  const at = failed === undefined ? undefined : statements[failed - 1];
  const where =
    at === undefined ? '' : `Statement ${failed} of ${statements.length} (line ${at.line}) failed. `;
  if (transactional)
    return committed
      ? 'All of it is committed.'
      : `${where}All of it was rolled back: the data is as it was.`;
  if (kept === 0) return `${where}None of it stays: the data is as it was.`;
  const last = statements[kept - 1];
  const rolled = ran > kept ? ` What came after it in the file's own transaction was rolled back.` : '';
  return `${where}${kept === 1 ? 'Statement 1 is' : `Statements 1–${kept} are`} committed, to line ${last?.line}, and stay.${rolled}`;
}
