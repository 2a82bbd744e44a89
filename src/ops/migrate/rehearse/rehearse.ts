import type { Session } from '../../../db/session.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import { differenceLine, diffSchemas } from '../../schema/diff.ts';
import { pathOf, type SchemaSnapshot } from '../../schema/format.ts';
import { takeSchemaSnapshot, takeUncommittedSnapshot } from '../../schema/snapshot.ts';
import { transaction } from '../run/apply.ts';
import { rehearseErrors } from './errors.ts';
import { type Load, loader } from './load.ts';
import type { Rehearsal, RehearsalResult, Rehearsed, RehearsedMigration, RunnableSection } from './result.ts';
import { TOLD } from './sentences.ts';
import { type Shadow, withShadow } from './shadow.ts';
import { ofOneTransaction, type Verdict, verdictOf } from './verdict.ts';

/**
 * Tries migrations in a shadow database on the same server, which has the live one's schema and none of its rows: each
 * is applied, taken back and applied again, and the schema after the way down is compared with the one before. What
 * depends on rows (a duplicate key, a time) cannot be seen there. Statements about roles, tablespaces and other
 * databases would reach the server itself: the caller refuses migrations that hold such.
 *
 * It starts from a dump of the live schema rather than from the history: that is what the migrations will meet, whether
 * or not all of it was made by migrations. Where pg_dump is missing the history is replayed.
 *
 * A migration that fails, or forgets something, is an answer. Throws {@link OpError} where nothing can be tried, and
 * when it is cancelled; DbError. The shadow is gone in any case.
 */
export async function rehearse(
  io: StepIo,
  context: OpContext,
  rehearsal: Rehearsal,
): Promise<RehearsalResult> {
  if (context.readOnly) throw rehearseErrors.readOnly();
  const live = await context.session();
  const load = await loader(context, live, rehearsal.history ?? []);
  if (typeof load === 'string' && rehearsal.applied === undefined)
    throw rehearseErrors.noDump({ database: context.target.database, why: load });
  if (typeof load === 'string') io.line(`The history is replayed: ${load}`);
  return withShadow(io, context, async (shadow) => {
    const stage = new Stage(io, shadow, rehearsal, typeof load === 'string' ? undefined : load);
    try {
      await stage.begin();
      const unlike = diffSchemas(stage.outside(await takeSchemaSnapshot(live)), await stage.snapshot());
      for (const difference of unlike.slice(0, TOLD))
        io.line(`Not as in ${context.target.database}: ${differenceLine(difference)}`);
      const migrations = await stage.tryAll();
      return {
        ok: migrations.every(({ outcome }) => outcome === 'reversible' || outcome === 'no_down'),
        start: typeof load === 'string' ? 'replay' : 'dump',
        unlike,
        migrations,
      };
    } catch (error) {
      throw io.signal.aborted ? rehearseErrors.cancelled(error) : error;
    } finally {
      await stage.end();
    }
  });
}

/** The shadow database while migrations are tried in it. */
class Stage {
  readonly #io: StepIo;
  readonly #shadow: Shadow;
  readonly #rehearsal: Rehearsal;
  readonly #load: Load | undefined;
  /** Looks on from outside: what a migration leaves open or sets must not decide what is seen. */
  #observer: Session | undefined;
  /** Runs the migrations; a new one costs more than most of them. */
  #worker: Session | undefined;

  constructor(io: StepIo, shadow: Shadow, rehearsal: Rehearsal, load: Load | undefined) {
    this.#io = io;
    this.#shadow = shadow;
    this.#rehearsal = rehearsal;
    this.#load = load;
  }

  /** Fills the empty database with what is live. */
  async begin(): Promise<void> {
    if (this.#load !== undefined) await this.#load(this.#io, this.#shadow.database);
    else
      for (const one of this.#rehearsal.applied ?? []) {
        const { error } = await this.#run(one.up);
        if (error !== undefined)
          throw rehearseErrors.noReplay({ version: one.version, why: sentenceOf(error) }, error);
      }
    this.#io.crashPoint('rehearse:loaded');
  }

  async end(): Promise<void> {
    await Promise.all([this.#observer?.close(), this.#worker?.close()]);
    this.#observer = undefined;
    this.#worker = undefined;
  }

  async snapshot(): Promise<SchemaSnapshot> {
    if (this.#observer === undefined || this.#observer.lost)
      this.#observer = await this.#io.connect(this.#shadow.database);
    return this.outside(await takeSchemaSnapshot(this.#observer));
  }

  /** Without the tables of the history, and what belongs to them. */
  outside(snapshot: SchemaSnapshot): SchemaSnapshot {
    const { history = [] } = this.#rehearsal;
    const tables = history.map(({ schema, name }) => pathOf({ name: [schema, name] }));
    const belongs = (path: unknown) =>
      tables.some((table) => path === table || String(path).startsWith(`${table}.`));
    const objects = snapshot.objects.filter(
      ({ name, attributes }) => !belongs(pathOf({ name })) && !belongs(attributes.owned_by),
    );
    return { ...snapshot, objects };
  }

  async tryAll(): Promise<RehearsedMigration[]> {
    const { pending } = this.#rehearsal;
    const tried: RehearsedMigration[] = [];
    // what one has left is what the next one meets: looking takes longer than most migrations
    let before: SchemaSnapshot | undefined;
    for (const [at, one] of pending.entries()) {
      this.#io.progress({ label: 'rehearsed', done: at, of: pending.length, unit: 'items' });
      const { applied, ...migration } = await this.#try(one, before ?? (await this.snapshot()));
      before = applied;
      tried.push(migration);
      const { version, message, outcome } = migration;
      this.#io.line(message === '' ? `${version}: ${outcome}` : `${version}: ${message}`);
      if (outcome === 'up_failed') break;
      // the next one has to meet what this one makes, not what its way down has left
      if (applied === undefined && at + 1 < pending.length) await this.#rebuild(at);
    }
    this.#io.progress({ label: 'rehearsed', done: tried.length, of: pending.length, unit: 'items' });
    const rest = pending.slice(tried.length).map(({ version }) => ({
      ...{ version, changes: [], forgotten: [], ms: null },
      outcome: 'not_tried' as const,
      message: 'An earlier migration could not be applied.',
    }));
    return [...tried, ...rest];
  }

  /** `applied`: what the next one meets; undefined where the database is not as it has to be for it. */
  async #try(
    one: Rehearsed,
    before: SchemaSnapshot,
  ): Promise<RehearsedMigration & { applied: SchemaSnapshot | undefined }> {
    const { error, ms } = await this.#run(one.up);
    this.#io.crashPoint('rehearse:up');
    const { version, down } = one;
    if (error !== undefined) {
      const message = `It cannot be applied: ${sentenceOf(error)}`;
      return { version, outcome: 'up_failed', changes: [], forgotten: [], message, ms, applied: undefined };
    }
    const after = await this.snapshot();
    const found = { version, changes: diffSchemas(before, after), ms };
    if (down === undefined)
      return {
        ...{ ...found, outcome: 'no_down', forgotten: [], message: 'It has no way down.' },
        applied: after,
      };
    const tried = await this.#tryUncommitted(one, down, before, after);
    const { outcome, message, forgotten } = tried ?? (await this.#tryCommitted(one, down, before, after));
    const asItWas = tried !== undefined || outcome === 'reversible';
    return { ...found, outcome, message, forgotten, applied: asItWas ? after : undefined };
  }

  /**
   * Down and up again in one transaction, which is rolled back: a bad way down leaves nothing, where to make the
   * database anew takes as long as all migrations before. Undefined where that does not tell what two would do.
   */
  async #tryUncommitted(
    { up }: Rehearsed,
    down: RunnableSection,
    before: SchemaSnapshot,
    after: SchemaSnapshot,
  ): Promise<Verdict | undefined> {
    if (!(up.transactional && down.transactional)) return undefined;
    let verdict: Verdict | undefined;
    const run = async (session: Session) => {
      await session.sql('BEGIN');
      const attempt = (way: RunnableSection) =>
        this.#caught(async () => {
          await way.run(session);
          // what is deferred would fail with the COMMIT
          await session.sql('SET CONSTRAINTS ALL IMMEDIATE');
        });
      verdict = await verdictOf(before, after, {
        down: () => attempt(down),
        up: async () => {
          await session.sql(LIKE_NEW);
          return attempt(up);
        },
        snapshot: async () => this.outside(await takeUncommittedSnapshot(session)),
      });
    };
    const { error } = await this.#run({ transactional: false, run });
    if (error !== undefined) throw error;
    return verdict === undefined || ofOneTransaction(verdict) ? undefined : verdict;
  }

  #tryCommitted(
    { up }: Rehearsed,
    down: RunnableSection,
    before: SchemaSnapshot,
    after: SchemaSnapshot,
  ): Promise<Verdict> {
    return verdictOf(before, after, {
      down: async () => (await this.#run(down)).error,
      up: async () => (await this.#run(up)).error,
      snapshot: () => this.snapshot(),
    });
  }

  /** The database as it is after the pending migration number `last`. */
  async #rebuild(last: number): Promise<void> {
    await this.end();
    await this.#shadow.renew();
    await this.begin();
    for (const one of this.#rehearsal.pending.slice(0, last + 1)) {
      const { error } = await this.#run(one.up);
      if (error !== undefined) throw error;
    }
  }

  /** What it has set or left open goes before anybody looks, as with the end of its session. */
  async #run({ transactional, run }: RunnableSection): Promise<{ error: unknown; ms: number }> {
    this.#io.signal.throwIfAborted();
    const session = await this.#session();
    const started = performance.now();
    const error = await this.#caught(() =>
      transactional ? transaction(session, () => run(session)) : run(session),
    );
    const ms = Math.round(performance.now() - started);
    if (!(await cleared(session))) {
      await session.close();
      this.#worker = undefined;
    }
    return { error, ms };
  }

  /** What it throws. What was cancelled has not failed. */
  async #caught(work: () => Promise<void>): Promise<unknown> {
    try {
      await work();
      return undefined;
    } catch (thrown) {
      if (this.#io.signal.aborted) throw thrown;
      return thrown ?? new Error('It failed without a reason.');
    }
  }

  async #session(): Promise<Session> {
    if (this.#worker === undefined || this.#worker.lost)
      this.#worker = await (this.#rehearsal.connect ?? this.#io.connect)(this.#shadow.database);
    return this.#worker;
  }
}

/** As a session begins, as far as that can be had in a transaction. */
const LIKE_NEW = 'RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; DEALLOCATE ALL; DISCARD TEMP';

/** Ends what a session has open and resets what it has set. False where that cannot be done. */
async function cleared(session: Session): Promise<boolean> {
  try {
    await session.sql('ROLLBACK');
    await session.sql('DISCARD ALL');
    return true;
  } catch {
    return false;
  }
}
