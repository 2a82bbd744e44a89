import { DbError } from '../../../db/errors.ts';
import { quoteIdent } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import type { StepIo } from '../../engine/plan.ts';
import type { Patience } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql } from '../../maintain/shared/statement.ts';
import { as } from '../../sql/ast.ts';
import { migrateErrors } from '../errors.ts';
import type { Migration } from '../files/migration.ts';
import type { Ledger } from '../history/history.ts';
import type { Command } from '../history/rows.ts';
import type { Section, Statement } from '../sql/statement.ts';
import type { Direction } from '../types.ts';
import { isCommitLost, runErrors } from './errors.ts';
import { statementFailure } from './failure.ts';
import { withRetries } from './retry.ts';

/** What a migration is run with. */
export interface Applying {
  readonly io: Pick<StepIo, 'run' | 'signal' | 'line' | 'waits' | 'progress' | 'crashPoint'>;
  /** Its role, settings and search_path are the migration's. */
  readonly session: Session;
  readonly ledger: Ledger;
  readonly patience: Patience;
  /** Told when a transaction that was the whole of it is rolled back for certain. */
  readonly rolledBack?: () => void;
}

/** A migration in one direction. */
export interface DirectedMigration {
  readonly migration: Migration;
  readonly direction: Direction;
  /** Statements that an earlier run has finished. */
  readonly done?: number;
}

const NOTHING: Section = {
  ...{ sql: '', statements: [], checksum: '' },
  ...{ transactional: true, why: undefined, error: undefined },
};

/** The statements of a way; none where it may go without one. Throws {@link OpError} where there is none, or it cannot be read. */
export function sectionOf({ migration, direction }: DirectedMigration): Section {
  const section =
    direction === 'up' ? migration.up : (migration.down ?? (migration.forgettable ? NOTHING : undefined));
  if (section === undefined) throw runErrors.noWayDown({ version: migration.version, file: migration.file });
  if (section.error !== undefined) throw migrateErrors.badFile({ why: section.error });
  return section;
}

/** The file that a way stands in. */
export function fileOf({ migration, direction }: DirectedMigration): string {
  return direction === 'down' ? (migration.downFile ?? migration.file) : migration.file;
}

/**
 * Runs one migration and writes its history. In a transaction with its row where every statement can be in one, else
 * one by one: marked as begun before, with each statement that is finished. Returns milliseconds. Throws
 * {@link OpError} with file and line, DbError when the connection is lost.
 */
export async function apply(work: Applying, move: DirectedMigration): Promise<number> {
  const section = sectionOf(move);
  const began = performance.now();
  // what an earlier run has left in the middle cannot be one transaction any more
  if (section.transactional && !move.done) await inTransaction(work, move, section, began);
  else await oneByOne(work, move, section, began);
  await settle(work.session);
  return performance.now() - began;
}

async function inTransaction(
  work: Applying,
  move: DirectedMigration,
  section: Section,
  began: number,
): Promise<void> {
  const { session, io, ledger, patience } = work;
  const { migration, direction } = move;
  const id = pointOf(move);
  let at: Statement | undefined;
  await withRetries(
    work,
    () =>
      transaction(session, async () => {
        await session.sql(lockTimeoutSql(patience.lockTimeout, 'LOCAL '));
        for (const [index, statement] of section.statements.entries()) {
          at = statement;
          io.signal.throwIfAborted();
          await send(session, fileOf(move), statement);
          io.crashPoint(`${id}:${index + 1}`);
          io.progress(barOf(move, index + 1, section));
        }
        at = undefined;
        await session.sql(OWN_ROLE);
        await commands(session, ledger.finish(migration, direction, performance.now() - began, io));
        io.crashPoint(`${id}:history`);
      }).catch((error) => {
        if (!isCommitLost(error)) work.rolledBack?.();
        throw statementFailure(error, fileOf(move), undefined);
      }),
    () => at?.locks ?? [],
  );
  io.crashPoint(`${id}:committed`);
}

async function oneByOne(
  work: Applying,
  move: DirectedMigration,
  section: Section,
  began: number,
): Promise<void> {
  const { session, io, ledger } = work;
  const { migration, direction, done = 0 } = move;
  const id = pointOf(move);
  const [role] = await session.sql('SELECT current_user::text AS name');
  const home = `SET LOCAL ROLE ${quoteIdent(String(role?.name))}`;
  await transaction(session, () => commands(session, ledger.begin(migration, direction, io, done)));
  io.crashPoint(`${id}:marked`);
  const owned = inOwnTransaction(section.statements);
  for (const [index, statement] of section.statements.entries()) {
    if (index < done) continue;
    io.signal.throwIfAborted();
    const [first = '', ...more] = textOf(statement);
    io.line(`${index + 1} of ${section.statements.length}: ${first}`);
    for (const line of more) io.line(line);
    await one(work, move, statement, { index, own: owned[index] === true, id, home });
    io.progress(barOf(move, index + 1, section));
  }
  await session.sql(OWN_ROLE);
  io.crashPoint(`${id}:last`);
  await transaction(session, () =>
    commands(session, ledger.finish(migration, direction, performance.now() - began, io)),
  );
  io.crashPoint(`${id}:finished`);
}

/** Of each statement whether it is in a transaction of the file's own, or begins or ends one. */
export function inOwnTransaction(statements: readonly Statement[]): boolean[] {
  let open = false;
  return statements.map(({ node }) => {
    const { kind } = as(node, 'TransactionStmt') ?? {};
    if (kind !== undefined) open = !/_(COMMIT|ROLLBACK|PREPARE)$/.test(kind);
    return open || kind !== undefined;
  });
}

/** A timeout in the middle of CONCURRENTLY leaves an invalid index: it waits as long as it has to. */
export function waitOf({ concurrently }: Statement, { lockTimeout }: Patience): number {
  return concurrently ? 0 : lockTimeout;
}

/** Longer ones are data; the plan has all of it. */
const LONGEST = 4_000;

/** The lines of a statement as it is sent. */
function textOf({ sql, title }: Statement): readonly string[] {
  return sql.length <= LONGEST ? `${sql};`.split('\n') : [title];
}

/** A statement of those that run one by one, and that it is finished. */
async function one(
  work: Applying,
  move: DirectedMigration,
  statement: Statement,
  { index, own, id, home }: { index: number; own: boolean; id: string; home: string },
): Promise<void> {
  const { session, ledger, patience, io } = work;
  const file = fileOf(move);
  const finished = () => commands(session, [ledger.progress(move.migration, index + 1)]);
  const finishedAtHome = async () => {
    // a statement before may have taken a role that does not own the history
    await session.sql(home);
    await finished();
  };
  const timeout = waitOf(statement, patience);
  if (own || statement.alone !== undefined) {
    await session.sql(lockTimeoutSql(timeout));
    const attempt = async () => {
      await send(session, file, statement);
      io.crashPoint(`${id}:${index + 1}`);
    };
    // what is in a transaction of the file's own cannot be repeated by itself
    if (own || statement.concurrently) await attempt();
    else await withRetries(work, attempt, () => statement.locks);
    await (own ? finished() : transaction(session, finishedAtHome));
    return;
  }
  // with what says that it is finished, so that nobody has to guess after a crash
  await withRetries(
    work,
    () =>
      transaction(session, async () => {
        await session.sql(lockTimeoutSql(timeout, 'LOCAL '));
        await send(session, file, statement);
        io.crashPoint(`${id}:${index + 1}`);
        await finishedAtHome();
      }),
    () => statement.locks,
  );
}

export async function send(session: Session, file: string, statement: Statement): Promise<void> {
  try {
    await session.sql(statement.sql);
  } catch (error) {
    throw statementFailure(error, file, statement);
  }
}

/** In a transaction of its own. What throws is rolled back. */
export async function transaction(session: Session, work: () => Promise<void>): Promise<void> {
  await session.sql('BEGIN');
  try {
    await work();
  } catch (error) {
    if (!session.lost) await session.sql('ROLLBACK');
    throw error;
  }
  try {
    await session.sql('COMMIT');
  } catch (error) {
    if (error instanceof DbError && error.kind === 'lost') throw runErrors.commitLost(error);
    throw error;
  }
}

export async function commands(session: Session, list: readonly Command[]): Promise<void> {
  for (const { text, params, writes } of list) {
    const rows = await session.sql(text, [...params]);
    if (writes !== undefined && rows.length === 0) throw runErrors.notWritten({ table: writes });
  }
}

/** What a migration changes of its session is not the next one's: a dump of pg_dump empties the search_path. */
export async function settle(session: Session): Promise<void> {
  const later = [
    ...(session.server.major >= 14 ? ['SET idle_session_timeout = 0'] : []),
    ...(session.server.major >= 17 ? ['SET transaction_timeout = 0'] : []),
  ];
  await session.sql([OWN_ROLE, 'RESET ALL', ...later].join('; '));
}

const OWN_ROLE = 'RESET SESSION AUTHORIZATION; RESET ROLE';

/** Names a migration in steps and crash points: `up:20260102`. */
export function pointOf({ migration, direction }: DirectedMigration): string {
  return `${direction}:${migration.version}`;
}

function barOf({ migration }: DirectedMigration, done: number, { statements }: Section) {
  return { label: migration.version, done, of: statements.length, unit: 'items' as const };
}
