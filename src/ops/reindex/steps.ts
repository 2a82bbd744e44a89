import { fullName } from '../../db/ident.ts';
import { type ReindexLeftover, reindexLeftovers, remedyOf } from '../../db/queries/reindex/leftovers.ts';
import { bytes, count, duration } from '../../text/units.ts';
import { Doubts, sweep } from '../concurrently/doubts.ts';
import { runWatched } from '../concurrently/wait.ts';
import { KEPT, type Step, type StepIo } from '../engine/plan.ts';
import type { LastTime } from '../maintain/shared/last.ts';
import { type Patience, withLockRetries } from '../maintain/shared/retry.ts';
import { MaintenanceSessions } from '../maintain/shared/sessions.ts';
import { type StatementOutcome, statementPreview } from '../maintain/shared/statement.ts';
import { IndexesBeforeAfter, untouched } from './before-after.ts';
import { reindexErrors } from './errors.ts';
import { reindexMeasure } from './queries/measure.ts';
import { type ReindexScope, size, type Target } from './scope.ts';
import { lockOf, type Manner, reindexSql, remedySql } from './statement.ts';

/** Somebody who has cancelled wants an answer: what cannot be removed in that many seconds is left to `recover`. */
const SWEEP_SECONDS = 5;

export interface ReindexWork {
  readonly scope: ReindexScope;
  /** Invalid indexes that are removed or built again first. */
  readonly leftovers: readonly ReindexLeftover[];
  /** Oids of indexes that were invalid before and may be so afterwards: nobody has asked for them by name. */
  readonly known: ReadonlySet<number>;
  readonly manner: Manner;
  readonly patience: Patience;
  readonly last: ReadonlyMap<string, LastTime>;
  readonly database: string;
}

export function stepId({ kind, shown }: Pick<Target, 'kind' | 'shown'>): string {
  return `${kind}:${shown}`;
}

/** What the steps of a run share. */
interface Shared extends ReindexWork {
  readonly sessions: MaintenanceSessions;
  readonly doubts: Doubts;
  readonly ledger: IndexesBeforeAfter;
}

export function reindexSteps(work: ReindexWork): Step[] {
  const shared: Shared = {
    ...work,
    sessions: new MaintenanceSessions(),
    doubts: new Doubts(work.database, 'reindex'),
    ledger: new IndexesBeforeAfter(),
  };
  return [
    ...work.leftovers.map((leftover) => cleanUpStep(shared, leftover)),
    ...work.scope.targets.map((target) => rebuildStep(shared, target)),
    compareStep(shared),
  ];
}

function cleanUpStep(shared: Shared, leftover: ReindexLeftover): Step {
  const { scope, manner, sessions, doubts } = shared;
  const name = fullName(leftover.schema, leftover.name);
  const drops = remedyOf(leftover) === 'drop';
  const table = scope.tables.find(({ oid }) => oid === leftover.table_oid);
  const tableName = table === undefined ? name : fullName(table.schema, table.name);
  const id = `${drops ? 'drop' : 'mend'}:${name}`;
  return {
    id,
    title: drops ? `Remove ${name}, which is invalid` : `Build ${name} again, which is invalid`,
    preview: statementPreview(remedySql(leftover), 0),
    effect: 'reads and writes continue',
    // without CONCURRENTLY a copy that is still there would be built, and be valid
    independent: manner.concurrently,
    run: async (io) => {
      const watcher = await sessions.watcher(io);
      const invalid = await watcher.run(reindexLeftovers, { oids: [leftover.table_oid] });
      const now = invalid.find(({ oid }) => oid === leftover.oid);
      if (now === undefined) return io.line(`${name} is gone, or valid, by now.`);
      if (now.builder !== null) throw reindexErrors.beingBuilt({ index: name, pid: now.builder });
      if (!drops) await doubts.begin(io, watcher, id, { oid: leftover.table_oid, name: tableName });
      await swept(io, doubts, id, () =>
        runWatched(io, sessions, remedySql(leftover), { label: name, lockTimeout: 0, lone: true }),
      );
      doubts.settle(io, id);
    },
    rollback: (io) => takeBack(io, doubts, id),
  };
}

function rebuildStep(shared: Shared, target: Target): Step {
  const { manner, last } = shared;
  const id = stepId(target);
  const { shown, table, indexes } = target;
  const [only, ...more] = indexes;
  const what =
    target.kind === 'index'
      ? shown
      : `${more.length === 0 ? 'the index' : `the ${indexes.length} indexes`} of ${shown}`;
  const before = last.get(id);
  const name = fullName(table.schema, table.name);
  const effect = manner.concurrently
    ? 'reads and writes continue'
    : `whoever writes to ${name} waits, and who reads through ${more.length === 0 ? fullName(only?.schema ?? null, only?.name ?? '') : 'its indexes'}`;
  return {
    id,
    title: `Rebuild ${what}`,
    preview: statementPreview(reindexSql(target, manner), lockTimeoutOf(shared)),
    effect: [effect, `~${bytes(size(target))}`, before && `took ${duration(before.seconds)} last time`]
      .filter(Boolean)
      .join('; '),
    independent: true,
    run: (io) => rebuild(io, shared, target),
    rollback: (io) => takeBack(io, shared.doubts, id),
  };
}

async function rebuild(io: StepIo, shared: Shared, target: Target): Promise<void> {
  const { manner, sessions, doubts, ledger } = shared;
  const { table } = target;
  const id = stepId(target);
  const oids = [table.oid];
  const watcher = await sessions.watcher(io);
  const before = await watcher.run(reindexMeasure, { oids });
  ledger.enter(target, { before, outcome: 'cancelled' });
  if (manner.concurrently)
    await doubts.begin(io, watcher, id, { oid: table.oid, name: fullName(table.schema, table.name) });
  let outcome: StatementOutcome;
  try {
    outcome = await swept(io, doubts, id, () => build(io, shared, target));
  } catch (error) {
    if (!io.signal.aborted) ledger.enter(target, { before, outcome: 'failed' });
    throw error;
  }
  const after = await (await sessions.watcher(io)).run(reindexMeasure, { oids });
  const same = untouched(target, before, after);
  const { seconds, warnings } = outcome;
  ledger.enter(target, { before, after, seconds, outcome: same.length === 0 ? 'done' : 'failed' });
  if (same.length > 0) {
    const said = warnings.map(({ message }) => message).join('; ');
    throw reindexErrors.passedOver({ indexes: same, said });
  }
  doubts.settle(io, id);
}

/** CONCURRENTLY waits as long as it has to: a timeout in its middle leaves an invalid index. */
function lockTimeoutOf({ manner, patience }: Pick<ReindexWork, 'manner' | 'patience'>): number {
  return manner.concurrently ? 0 : patience.lockTimeout;
}

async function build(io: StepIo, shared: Shared, target: Target): Promise<StatementOutcome> {
  const { manner, sessions, patience } = shared;
  const { shown, table, indexes } = target;
  const lockTimeout = lockTimeoutOf(shared);
  const attempt = () =>
    runWatched(io, sessions, reindexSql(target, manner), {
      label: shown,
      lockTimeout,
      lone: indexes.length === 1,
    });
  if (manner.concurrently) return attempt();
  const wanted = { name: fullName(table.schema, table.name), oids: [table.oid], mode: lockOf(manner) };
  return withLockRetries(io, { wanted, patience, look: () => sessions.watcher(io) }, attempt);
}

/** Removes what a statement that fails by itself has left, before other steps come to the same table. */
async function swept<T>(io: StepIo, doubts: Doubts, id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!io.signal.aborted)
      try {
        await takeBack(io, doubts, id);
      } catch {
        // it is tried again when the run ends, and told then
      }
    throw error;
  }
}

/** A step that was done, or had not begun anything, leaves nothing to take back. */
async function takeBack(io: StepIo, doubts: Doubts, id: string): Promise<typeof KEPT | undefined> {
  const doubt = doubts.of(id);
  if (doubt === undefined) return KEPT;
  await sweep(io, [doubt], { patience: SWEEP_SECONDS, applicationName: io.applicationName });
  doubts.settle(io, id);
  return undefined;
}

/** What has changed; and whether anything is invalid that should not be. */
function compareStep({ scope, sessions, ledger, doubts, leftovers, known }: Shared): Step {
  return {
    id: 'compare',
    title: 'Compare before and after, and look for invalid indexes',
    preview: 'sizes, and indexes that are not valid',
    effect: 'reads only',
    always: true,
    run: async (io) => {
      if (!ledger.empty) io.result(ledger.compare());
      const watcher = await sessions.watcher(io);
      const oids = scope.tables.map(({ oid }) => oid);
      const invalid = await watcher.run(reindexLeftovers, { oids });
      // that these are still there was told by the steps that should have removed them
      const told = new Set(leftovers.map(({ oid }) => oid));
      const idle = invalid.filter(({ oid, builder }) => builder === null && !told.has(oid));
      const asBefore = idle.filter(({ oid }) => known.has(oid));
      const news = idle.filter((one) => !known.has(one.oid) && !doubts.about(one.table_oid));
      if (invalid.length === 0) io.line('No index is invalid.');
      else
        io.line(
          invalid.length === 1 ? '1 index is invalid.' : `${count(invalid.length)} indexes are invalid.`,
        );
      for (const { schema, name } of asBefore) {
        const shown = fullName(schema, name);
        io.line(`${shown} was invalid before and still is. To repair: pgdeck reindex --index ${shown}`);
      }
      if (news.length === 0) return;
      throw reindexErrors.invalid({ indexes: news.map(({ schema, name }) => fullName(schema, name)) });
    },
  };
}
