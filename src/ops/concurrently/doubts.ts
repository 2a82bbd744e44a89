import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { DbError } from '../../db/errors.ts';
import { fullName } from '../../db/ident.ts';
import { type ReindexLeftover, reindexLeftovers, remedyOf } from '../../db/queries/reindex/leftovers.ts';
import { runSessions } from '../../db/queries/signal/run.ts';
import type { Session } from '../../db/session.ts';
import { uncapital } from '../../text/capital.ts';
import { holderRemedy, holdersOf, holderText } from '../database/holders.ts';
import type { StepIo } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { MaintenanceSessions } from '../maintain/shared/sessions.ts';
import { concurrentlyErrors } from './errors.ts';
import { dropSql } from './statement.ts';
import { runWatched } from './wait.ts';

/** Whose facts in the journal they are: those of older runs keep the word that they were written with. */
export type Family = 'reindex' | 'indexes' | 'schema';

const doubtSchema = z.object({
  /** Oid of the table. */
  table: z.int(),
  /** `schema.table`. */
  name: z.string(),
  /** Oids of the indexes that were invalid before: not this run's to remove. */
  known: z.array(z.int()),
  /** Name of the index that was being created, in the schema of the table. */
  creates: z.string().optional(),
  /** Oid of the index that was being dropped. */
  drops: z.int().optional(),
});

const recordSchema = z.object({ database: z.string(), doubts: z.array(doubtSchema) });

/**
 * A table that an unfinished statement may have left an invalid index on: copies of REINDEX CONCURRENTLY, the one that was
 * created, the one that was dropped.
 */
export type Doubt = z.output<typeof doubtSchema>;

/** What a run has recorded last; undefined when it had not begun anything. */
export function recorded(facts: unknown, family: Family): z.output<typeof recordSchema> | undefined {
  const parsed = z.object({ [family]: recordSchema }).safeParse(facts);
  return parsed.success ? parsed.data[family] : undefined;
}

/** The steps that were begun and are not known to be finished; recorded whenever that changes. */
export class Doubts {
  readonly #database: string;
  readonly #family: Family;
  readonly #open = new Map<string, Doubt>();

  constructor(database: string, family: Family) {
    this.#database = database;
    this.#family = family;
  }

  /** Before a statement that may leave something: on disk when it returns. Throws DbError. */
  async begin(
    io: StepIo,
    session: Session,
    step: string,
    {
      oid,
      name,
      ...work
    }: { readonly oid: number; readonly name: string } & Pick<Doubt, 'creates' | 'drops'>,
  ): Promise<void> {
    const invalid = await session.run(reindexLeftovers, { oids: [oid] });
    this.#open.set(step, { table: oid, name, known: invalid.map((one) => one.oid), ...work });
    this.#record(io);
  }

  settle(io: StepIo, step: string): void {
    if (this.#open.delete(step)) this.#record(io);
  }

  of(step: string): Doubt | undefined {
    return this.#open.get(step);
  }

  /** Whether something may be left on a table. */
  about(table: number): boolean {
    return [...this.#open.values()].some((doubt) => doubt.table === table);
  }

  #record(io: StepIo): void {
    const facts: z.input<typeof recordSchema> = {
      database: this.#database,
      doubts: [...this.#open.values()],
    };
    io.record({ [this.#family]: facts });
  }
}

/** What these tables have that was not there before and that nobody is building. Throws DbError. */
export async function leftOn(
  session: Session,
  doubts: readonly Doubt[],
): Promise<{ readonly left: ReindexLeftover[]; readonly built: ReindexLeftover[] }> {
  const oids = doubts.map(({ table }) => table);
  const found = (await session.run(reindexLeftovers, { oids })).filter((one) =>
    doubts.some((doubt) => doubt.table === one.table_oid && isLeftOf(doubt, one)),
  );
  return {
    left: found.filter(({ builder }) => builder === null),
    built: found.filter(({ builder }) => builder !== null),
  };
}

/** Whether an invalid index of its table is what the statement has left. */
function isLeftOf({ known, creates, drops }: Doubt, one: ReindexLeftover): boolean {
  // named by a person: also where it was invalid before
  if (drops !== undefined) return one.oid === drops;
  if (known.includes(one.oid)) return false;
  return creates === undefined ? remedyOf(one) === 'drop' : one.name === creates && !one.toast;
}

/** Only such a session of a run may still be building. */
export function isAtWork({ state }: { readonly state: string | null }): boolean {
  return state === 'active';
}

/** A session that was ended is gone sooner than that. */
const GONE_MS = 5_000;
const PAUSE_MS = 50;

/**
 * Removes what an unfinished statement of run `applicationName` has left on these tables. DROP INDEX
 * CONCURRENTLY waits for everybody who uses the table, for `patience` seconds in all. Throws {@link OpError} that
 * names what stays and why; DbError.
 */
export async function sweep(
  io: StepIo,
  doubts: readonly Doubt[],
  {
    patience,
    applicationName,
    database,
  }: { patience: number; applicationName: string; database?: string | undefined },
): Promise<void> {
  if (doubts.length === 0) return;
  const sessions = new MaintenanceSessions(database);
  const watcher = await sessions.watcher(io);
  await ended(watcher, applicationName, io.signal);
  const { left } = await leftOn(watcher, doubts);
  const until = performance.now() + patience * 1000;
  const stay: { index: string; why: string }[] = [];
  for (const one of left) {
    const name = fullName(one.schema, one.name);
    const why = one.may_drop
      ? await drop(io, sessions, one, Math.max(LEAST_SECONDS, (until - performance.now()) / 1000))
      : `only ${one.toast ? 'a superuser' : `its owner ${one.owner} or a superuser`} may do that: ${dropSql(one)}`;
    if (why === undefined) io.line(`Removed ${name}, which was not finished.`);
    else stay.push({ index: name, why });
  }
  if (stay.length > 0) throw concurrentlyErrors.stay({ indexes: stay });
}

/** Also when the time is over each is tried: it may be of another table. */
const LEAST_SECONDS = 0.2;

/** Waits until nothing of the run is at work any more. */
async function ended(session: Session, applicationName: string, signal: AbortSignal): Promise<void> {
  for (const began = performance.now(); performance.now() - began < GONE_MS; ) {
    const sessions = await session.run(runSessions, { applicationName });
    if (!sessions.some(isAtWork)) return;
    await delay(PAUSE_MS, undefined, { signal });
  }
}

/** Why it could not be dropped; undefined when it was. */
async function drop(
  io: StepIo,
  sessions: MaintenanceSessions,
  leftover: ReindexLeftover,
  patience: number,
): Promise<string | undefined> {
  const label = fullName(leftover.schema, leftover.name);
  try {
    await runWatched(io, sessions, dropSql(leftover), { label, lockTimeout: patience, lone: true });
    return undefined;
  } catch (error) {
    if (io.signal.aborted || (error instanceof DbError && error.kind === 'lost')) throw error;
    if (!(error instanceof DbError) || error.code !== '55P03') return sentenceOf(error);
    const watcher = await sessions.watcher(io);
    const holders = await holdersOf(watcher, [leftover.table_oid], 'AccessExclusiveLock');
    const [holder] = holders.filter(({ granted }) => granted);
    if (holder === undefined) return 'its table was used by somebody all the time.';
    const remedy = holderRemedy(holder).replace(/\.$/, '');
    return `its table is used by ${holderText(holder)} (${uncapital(remedy)}).`;
  }
}
