import { DbError } from '../../../db/errors.ts';
import { plural } from '../../../text/units.ts';
import { holdersOf, holderText } from '../../database/holders.ts';
import type { StepIo } from '../../engine/plan.ts';
import type { Method } from '../methods.ts';
import type { Part } from '../scope.ts';
import type { CheckSessions } from '../sessions.ts';
import { type Finding, saysDamaged, whyNot, wordsOf } from '../verdict.ts';
import { blamed, compared } from './lost.ts';

/** Reads a table with pg_dump; answers undefined when it could, else why not. */
export type Dump = (io: StepIo, part: Part, seconds: number) => Promise<Pick<Finding, 'verdict' | 'text'>>;

export interface Examined {
  readonly finding: Finding;
  /** Where something is wrong, and what, as verify_heapam says it: the first of them. */
  readonly faults: readonly (readonly [place: string, message: string])[];
}

export interface Means {
  readonly sessions: CheckSessions;
  readonly dump: Dump;
  /** The lock that index checks take. */
  readonly parent: boolean;
}

/**
 * Looks at a part in one way. What it finds, and what keeps it from looking, is the answer; it throws only when the run
 * is stopped, or the server does not come back.
 */
export async function examine(
  io: StepIo,
  { sessions, dump, parent }: Means,
  part: Part,
  method: Method,
): Promise<Examined> {
  const answer = (verdict: Finding['verdict'], text: string, faults: Examined['faults'] = []): Examined => ({
    finding: { part, verdict, method: method.name, text },
    faults,
  });
  io.signal.throwIfAborted();
  const left = sessions.left();
  if (left !== undefined && left <= 0) return answer('not checked', 'the time limit was over');
  if (method.id === 'dump') {
    const { verdict, text } = await dump(io, part, left ?? 0);
    return answer(verdict, text);
  }
  const session = await sessions.worker(io, left ?? 0);
  try {
    if (method.id === 'count') return { finding: await compared(session, part, method), faults: [] };
    const rows = await session.sql(method.sql);
    if (method.id === 'sequence' && rows[0]?.value == null) return answer('damaged', 'its page has no row');
    if (method.id !== 'heap' || rows.length === 0) return answer('ok', '');
    return answer(
      'damaged',
      heapText(rows),
      rows.map((row) => [placeOf(row), String(row.msg)] as const),
    );
  } catch (error) {
    io.signal.throwIfAborted();
    if (!(error instanceof DbError)) throw error;
    if (error.kind === 'lost') return answer(...(await afterLoss(io, sessions, error)));
    if (saysDamaged(error) && method.id === 'count')
      return { finding: await blamed(await sessions.watcher(io), part, method, error), faults: [] };
    if (saysDamaged(error))
      return (await isThere(io, sessions, part))
        ? answer('damaged', wordsOf(error))
        : answer('not checked', 'it was dropped meanwhile');
    if (error.code === '55P03') return answer('not checked', await lockedBy(io, sessions, part, parent));
    return answer('not checked', whyNot(error));
  }
}

/** What is not there any more fails with the code of an internal error. */
async function isThere(io: StepIo, sessions: CheckSessions, { oid }: Part): Promise<boolean> {
  const session = await sessions.watcher(io);
  return (await session.sql('SELECT FROM pg_class WHERE oid = $1', [oid])).length > 0;
}

type Row = Readonly<Record<string, unknown>>;

function placeOf({ blkno, offnum, attnum }: Row): string {
  if (offnum === null) return `page ${blkno}`;
  return `row (${blkno},${offnum})${attnum === null ? '' : `, column ${attnum}`}`;
}

/** The first thing that is wrong, where, and how many more there are. */
function heapText(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const more = Number(first.found) - 1;
  return `${placeOf(first)}: ${String(first.msg)}${more > 0 ? `, and ${plural(more, 'more fault')}` : ''}`;
}

/** What became of the server when the connection broke while it looked. Throws DbError when it does not come back. */
async function afterLoss(
  io: StepIo,
  sessions: CheckSessions,
  error: DbError,
): Promise<[Finding['verdict'], string]> {
  // somebody ended the session, or the server was shut down
  if (error.code === '57P01') return ['not checked', wordsOf(error)];
  const session = await sessions.worker(io);
  if (await sessions.crashed(session))
    return error.code === '57P02'
      ? ['not checked', 'another process of the server crashed meanwhile']
      : [
          'crashed',
          'the process of the server that read it crashed, and all sessions with it; the log names the signal',
        ];
  return ['not checked', wordsOf(error)];
}

async function lockedBy(
  io: StepIo,
  sessions: CheckSessions,
  { kind, table }: Part,
  parent: boolean,
): Promise<string> {
  const mode = kind === 'index' && parent ? 'ShareLock' : 'AccessShareLock';
  const watcher = await sessions.watcher(io);
  const [holder] = await holdersOf(watcher, [table.oid], mode);
  return `locked by ${holder === undefined ? 'a session that has released it meanwhile' : holderText(holder)}`;
}
