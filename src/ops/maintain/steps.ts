import { lockModeName } from '../../db/lock-modes.ts';
import { progressAnalyze, progressCluster, progressVacuum } from '../../db/queries/progress.ts';
import { bytes, duration } from '../../text/units.ts';
import { tellWaits } from '../database/waits.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { TablesBeforeAfter } from './before-after.ts';
import { maintainErrors } from './errors.ts';
import { stayed } from './horizon.ts';
import type { LastTime } from './shared/last.ts';
import type { Phases } from './shared/progress.ts';
import { type Patience, withLockRetries } from './shared/retry.ts';
import { MaintenanceSessions } from './shared/sessions.ts';
import { runStatement, type StatementOutcome, statementPreview } from './shared/statement.ts';
import { lockOf, type MaintainWork, sqlOf } from './work.ts';

const VACUUM: Phases = {
  query: progressVacuum,
  phases: [
    'initializing',
    'scanning heap',
    'vacuuming indexes',
    'vacuuming heap',
    'cleaning up indexes',
    'truncating heap',
    'performing final cleanup',
  ],
};

/** VACUUM FULL is told by the view of CLUSTER, and takes this way through its phases. */
const FULL: Phases = {
  query: progressCluster,
  phases: [
    'initializing',
    'seq scanning heap',
    'swapping relation files',
    'rebuilding index',
    'performing final cleanup',
  ],
};

const ANALYZE: Phases = {
  query: progressAnalyze,
  phases: [
    'initializing',
    'acquiring sample rows',
    'acquiring inherited sample rows',
    'computing statistics',
    'computing extended statistics',
    'finalizing analyze',
  ],
};

export interface StepOptions {
  readonly patience: Patience;
  readonly last: ReadonlyMap<string, LastTime>;
  /** Bytes that a rewrite takes at its height. */
  readonly room: ReadonlyMap<MaintainWork, number>;
  /** `VACUUM`: what the result is called after. */
  readonly title: string;
  /** Makes the oldest transaction ids of the database known once, after all tables. */
  readonly databaseStats: boolean;
}

/** A step for each piece of work, and one that compares what was with what is. */
export function maintenanceSteps(works: readonly MaintainWork[], options: StepOptions): Step[] {
  const sessions = new MaintenanceSessions();
  const ledger = new TablesBeforeAfter(works);
  const began = new Set<MaintainWork>();
  return [
    ...works.map(
      (work): Step => ({
        id: work.id,
        title: work.title,
        preview: statementPreview(sqlOf(work), options.patience.lockTimeout),
        effect: effectOf(work, options),
        independent: true,
        run: async (io) => {
          await ledger.begin(await sessions.watcher(io));
          began.add(work);
          await carryOut(io, work, { sessions, ledger, patience: options.patience });
        },
      }),
    ),
    ...(options.databaseStats ? [databaseStats(sessions)] : []),
    ...(works.length === 0
      ? []
      : [
          {
            id: 'compare',
            title: 'Compare before and after',
            preview: '',
            always: true,
            run: async (io: StepIo) => {
              if (began.size === 0) return;
              // of a run that was cancelled the sessions before have been ended
              const session = await io.connect();
              io.result(await ledger.compare(session, began, options.title));
              for (const line of await stayed(session, ledger.dead())) io.line(line);
            },
          },
        ]),
  ];
}

async function carryOut(
  io: StepIo,
  work: MaintainWork,
  {
    sessions,
    ledger,
    patience,
  }: { sessions: MaintenanceSessions; ledger: TablesBeforeAfter; patience: Patience },
): Promise<void> {
  const look = () => sessions.watcher(io);
  const wanted = { name: work.name, oids: work.touched.map(({ oid }) => oid), mode: lockOf(work) };
  const watch =
    work.verb === 'ANALYZE'
      ? [ANALYZE]
      : [work.options.full ? FULL : VACUUM, ...(work.options.analyze ? [ANALYZE] : [])];
  let outcome: StatementOutcome;
  try {
    const until = performance.now() + patience.wait * 1000;
    outcome = await withLockRetries(io, { wanted, patience, look }, () =>
      telling(io, sessions, until, () =>
        runStatement(io, sessions, sqlOf(work), {
          lockTimeout: patience.lockTimeout,
          label: work.name,
          watch,
        }),
      ),
    );
  } catch (error) {
    if (!io.signal.aborted) ledger.enter(work, { outcome: 'failed' });
    throw error;
  }
  const { seconds, warnings } = outcome;
  const passedOver = warnings.length === 0 ? [] : await ledger.passedOver(await look(), work);
  // it was asked to pass over what is locked
  const locked = work.options.skip_locked === true && warnings.every(({ code }) => code === '55P03');
  if (passedOver.length === 0 || locked) {
    ledger.enter(work, { seconds, outcome: passedOver.length === 0 ? 'done' : 'skipped: locked' });
    return;
  }
  ledger.enter(work, { seconds, outcome: 'failed' });
  throw maintainErrors.passedOver({ tables: passedOver, said: warnings.map(({ message }) => message) });
}

/** Does one attempt while it is shown whom that waits for; what the attempts say of it stands in the output. */
async function telling<T>(
  io: StepIo,
  sessions: MaintenanceSessions,
  until: number,
  attempt: () => Promise<T>,
): Promise<T> {
  const { session } = await sessions.worker(io);
  const over = new AbortController();
  const shown: Pick<StepIo, 'line' | 'waits'> = {
    line: () => {},
    waits: (who) => io.waits(who, Math.max(0, until - performance.now()) / 1000),
  };
  const told = tellWaits(shown, await sessions.watcher(io), session.pid, over.signal);
  try {
    return await attempt();
  } finally {
    over.abort();
    await told;
  }
}

/** Locks, time and room, in a few words. */
function effectOf(work: MaintainWork, { last, room }: StepOptions): string {
  const before = last.get(work.id);
  const need = room.get(work);
  const others = work.options.full
    ? 'nobody reads or writes it until it is done'
    : 'reads and writes continue, DDL on it waits';
  return [
    `${lockModeName(lockOf(work))}: ${others}`,
    ...(need === undefined ? [] : [`takes up to ${bytes(need)} more until it is done`]),
    ...(before === undefined ? [] : [`last time ${duration(before.seconds)}`]),
  ].join('; ');
}

/** The oldest transaction ids of the database: counted once, not after each table. */
function databaseStats(sessions: MaintenanceSessions): Step {
  const sql = 'VACUUM (ONLY_DATABASE_STATS)';
  return {
    id: 'database-stats',
    title: 'Update datfrozenxid of the database',
    preview: sql,
    effect: 'no lock on tables',
    run: async (io) => void (await (await sessions.worker(io)).session.sql(sql)),
  };
}
