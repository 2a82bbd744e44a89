import { THRESHOLDS } from '../config/thresholds.ts';
import { activityList, activitySummary } from '../db/queries/activity.ts';
import { keptDatabases } from '../db/queries/database/kept.ts';
import { databaseStats } from '../db/queries/database.ts';
import { indexCounts, indexDuplicate, indexInvalid, indexUnused, indexUsage } from '../db/queries/indexes.ts';
import { lockTree } from '../db/queries/locks.ts';
import {
  progressAnalyze,
  progressBasebackup,
  progressCluster,
  progressCopy,
  progressCreateIndex,
  progressGate,
  progressVacuum,
} from '../db/queries/progress.ts';
import { tableCount, tableDead, tableExactSizes, tableSizes, tableStats } from '../db/queries/relations.ts';
import {
  replicationReceiver,
  replicationSenders,
  replicationSlots,
  replicationStandby,
} from '../db/queries/replication.ts';
import { statementCounters, statementsInfo, statementTexts } from '../db/queries/statements.ts';
import { archiver, checkpoints, prepared, walDirectory, walPosition, walStats } from '../db/queries/wal.ts';
import type { Denial, Query, RowOf } from '../db/query.ts';
import type { Server } from '../db/server.ts';
import { type Call, call } from '../db/session.ts';

/** What the front end asks for beyond "this part": how much, and of what. */
export interface Wants {
  readonly activityLimit: number;
  readonly queryChars: number;
  /** Idle sessions too. */
  readonly idle: boolean;
  /** A session that has been idle for longer is counted as such. */
  readonly idleSeconds: number;
  readonly tableLimit: number;
  /** Tables on the screen: only these get exact sizes. Undefined: all that were ranked. */
  readonly shownTables: readonly number[] | undefined;
  readonly indexLimit: number;
  readonly statementLimit: number;
  /** Waiting blockers listed per waiter; all of those that hold are always listed. */
  readonly waitingBlockers: number;
  /** OIDs of databases that restores have made, besides those that are marked. */
  readonly keptOids: readonly number[];
  /** Sessions of the lock forest that are read at most. */
  readonly lockLimit: number;
}

export const DEFAULT_WANTS: Wants = {
  activityLimit: 100,
  queryChars: 400,
  idle: false,
  idleSeconds: THRESHOLDS.idle_session_seconds.default,
  tableLimit: 60,
  shownTables: undefined,
  indexLimit: 200,
  statementLimit: 100,
  waitingBlockers: 8,
  keptOids: [],
  lockLimit: 300,
};

/** Seconds between two questions of a kind; `tick` is the refresh interval itself. */
export type Cadence = 'tick' | 'medium' | 'statements' | 'texts' | 'slow' | 'rare';

/** What a poll may look at to decide whether and what to ask: rows read before it, by part. */
export interface Known {
  rows<P extends PartName>(part: P): readonly RowsOf[P][];
  readonly wants: Wants;
  readonly server: Server;
}

/** The row of each part. */
export interface RowsOf {
  summary: RowOf<typeof activitySummary>;
  database: RowOf<typeof databaseStats>;
  walPosition: RowOf<typeof walPosition>;
  activity: RowOf<typeof activityList>;
  locks: RowOf<typeof lockTree>;
  progressGate: RowOf<typeof progressGate>;
  progressVacuum: RowOf<typeof progressVacuum>;
  progressCreateIndex: RowOf<typeof progressCreateIndex>;
  progressCluster: RowOf<typeof progressCluster>;
  progressAnalyze: RowOf<typeof progressAnalyze>;
  progressCopy: RowOf<typeof progressCopy>;
  progressBasebackup: RowOf<typeof progressBasebackup>;
  senders: RowOf<typeof replicationSenders>;
  slots: RowOf<typeof replicationSlots>;
  standby: RowOf<typeof replicationStandby>;
  receiver: RowOf<typeof replicationReceiver>;
  walStats: RowOf<typeof walStats>;
  checkpoints: RowOf<typeof checkpoints>;
  archiver: RowOf<typeof archiver>;
  prepared: RowOf<typeof prepared>;
  statements: RowOf<typeof statementCounters>;
  statementsInfo: RowOf<typeof statementsInfo>;
  tableCount: RowOf<typeof tableCount>;
  tableSizes: RowOf<typeof tableSizes>;
  tableDead: RowOf<typeof tableDead>;
  tableExact: RowOf<typeof tableExactSizes>;
  tableStats: RowOf<typeof tableStats>;
  indexUsage: RowOf<typeof indexUsage>;
  indexUnused: RowOf<typeof indexUnused>;
  indexInvalid: RowOf<typeof indexInvalid>;
  indexCounts: RowOf<typeof indexCounts>;
  indexDuplicate: RowOf<typeof indexDuplicate>;
  walDirectory: RowOf<typeof walDirectory>;
  statementTexts: RowOf<typeof statementTexts>;
  kept: RowOf<typeof keptDatabases>;
}

export type PartName = keyof RowsOf;

interface Poll<Row> {
  readonly query: Query<never, Row>;
  /** Fast ones share one pipelined round trip; slow ones run one after the other on their own connection. */
  readonly session: 'fast' | 'slow';
  readonly every: Cadence;
  /** The call to send; undefined when there is nothing to ask now, which is an answer too: no rows. */
  readonly call: (known: Known) => Call | undefined;
  /** How new rows join those read before; without it they replace them. */
  readonly merge?: Merge<Row>;
  /** Dear to the server: never asked again before its time has come, whatever there is to ask. */
  readonly patient?: boolean;
}

type Rows = Known['rows'];
type Merge<Row> = (before: readonly Row[], after: readonly Row[], rows: Rows) => readonly Row[];

interface Extra<Row> {
  when?: (known: Known) => boolean;
  merge?: Merge<Row>;
  patient?: boolean;
}

function poll<Input, Row>(
  session: 'fast' | 'slow',
  every: Cadence,
  query: Query<Input, Row>,
  input: (known: Known) => Input,
  { when, merge, patient }: Extra<Row> = {},
): Poll<Row> {
  return {
    query: query as Query<never, Row>,
    session,
    every,
    call: (known) => (when?.(known) === false ? undefined : call(query, input(known))),
    ...(merge && { merge }),
    ...(patient && { patient }),
  };
}

const NOTHING = () => undefined;
/** Rows that are collected and belong to nothing that is listed. */
const KEPT = 2000;

/** The new rows, and of those read before the ones that are still listed; of the others, so many. */
function kept<Row>(
  before: readonly Row[],
  after: readonly Row[],
  id: (row: Row) => unknown,
  listed: Set<unknown>,
) {
  const fresh = new Set(after.map(id));
  const rest = Map.groupBy(
    before.filter((row) => !fresh.has(id(row))),
    (row) => listed.has(id(row)),
  );
  return [...after, ...(rest.get(true) ?? []), ...(rest.get(false) ?? []).slice(0, KEPT)];
}

const whenRunning = (what: keyof RowsOf['progressGate']) => ({
  when: (known: Known) => (known.rows('progressGate')[0]?.[what] ?? 0) > 0,
});

const rankedTables = (known: Known): number[] => [
  ...new Set([...known.rows('tableSizes').map((t) => t.oid), ...known.rows('tableDead').map((t) => t.relid)]),
];
const shownTables = (known: Known) => known.wants.shownTables ?? rankedTables(known);

const unseenStatements = ({ rows }: Known): string[] => {
  const seen = new Set(rows('statementTexts').map((t) => t.queryid));
  return [
    ...new Set(rows('statements').flatMap((s) => (s.queryid && !seen.has(s.queryid) ? [s.queryid] : []))),
  ];
};

/** Every kind of question, in the order in which those of one round are asked. */
export const POLLS: { readonly [P in PartName]: Poll<RowsOf[P]> } = {
  summary: poll('fast', 'tick', activitySummary, ({ wants }) => ({ idleSeconds: wants.idleSeconds })),
  database: poll('fast', 'tick', databaseStats, NOTHING),
  walPosition: poll('fast', 'tick', walPosition, NOTHING),
  activity: poll('fast', 'tick', activityList, ({ wants }) => ({
    queryChars: wants.queryChars,
    limit: wants.activityLimit,
    idle: wants.idle,
  })),
  locks: poll(
    'fast',
    'tick',
    lockTree,
    ({ wants }) => ({
      queryChars: wants.queryChars,
      limit: wants.lockLimit,
      waitingBlockers: wants.waitingBlockers,
    }),
    // pg_blocking_pids takes every lock partition in shared mode: asked only while somebody waits
    { when: ({ rows }) => rows('summary')[0]?.lock_waiting !== 0 },
  ),
  progressGate: poll('fast', 'tick', progressGate, NOTHING),
  progressVacuum: poll('fast', 'tick', progressVacuum, NOTHING, whenRunning('vacuum')),
  progressCreateIndex: poll('fast', 'tick', progressCreateIndex, NOTHING, whenRunning('create_index')),
  progressCluster: poll('fast', 'tick', progressCluster, NOTHING, whenRunning('cluster')),
  progressAnalyze: poll('fast', 'tick', progressAnalyze, NOTHING, whenRunning('analyze')),
  progressCopy: poll('fast', 'tick', progressCopy, NOTHING, whenRunning('copy')),
  progressBasebackup: poll('fast', 'tick', progressBasebackup, NOTHING, whenRunning('basebackup')),
  senders: poll('fast', 'tick', replicationSenders, NOTHING),
  slots: poll('fast', 'medium', replicationSlots, NOTHING),
  standby: poll('fast', 'medium', replicationStandby, NOTHING),
  receiver: poll('fast', 'medium', replicationReceiver, NOTHING),
  walStats: poll('fast', 'medium', walStats, NOTHING),
  checkpoints: poll('fast', 'medium', checkpoints, NOTHING),
  archiver: poll('fast', 'medium', archiver, NOTHING),
  prepared: poll('fast', 'medium', prepared, NOTHING),
  statements: poll('fast', 'statements', statementCounters, ({ wants }) => ({ limit: wants.statementLimit })),
  statementsInfo: poll('fast', 'statements', statementsInfo, NOTHING),
  tableCount: poll('slow', 'slow', tableCount, NOTHING),
  tableSizes: poll('slow', 'slow', tableSizes, ({ wants }) => ({ limit: wants.tableLimit })),
  tableDead: poll('slow', 'slow', tableDead, ({ wants }) => ({ limit: wants.tableLimit })),
  tableExact: poll('slow', 'slow', tableExactSizes, (known) => ({ oids: shownTables(known) }), {
    when: (known) => shownTables(known).length > 0,
    merge: (before, after, rows) =>
      kept(before, after, (row) => row.oid, new Set(rows('tableSizes').map((row) => row.oid))),
  }),
  tableStats: poll('slow', 'slow', tableStats, (known) => ({ oids: rankedTables(known) }), {
    when: (known) => rankedTables(known).length > 0,
  }),
  indexUsage: poll('slow', 'slow', indexUsage, ({ wants }) => ({ limit: wants.indexLimit })),
  indexUnused: poll('slow', 'slow', indexUnused, ({ wants }) => ({ limit: wants.indexLimit })),
  indexInvalid: poll('slow', 'slow', indexInvalid, NOTHING),
  indexCounts: poll('slow', 'slow', indexCounts, NOTHING),
  indexDuplicate: poll('slow', 'rare', indexDuplicate, ({ wants }) => ({ limit: wants.indexLimit })),
  walDirectory: poll('slow', 'slow', walDirectory, NOTHING),
  kept: poll('slow', 'slow', keptDatabases, ({ wants }) => ({ oids: wants.keptOids })),
  // the view with texts reads the whole text file: only texts not seen before are asked for, and those rarely
  statementTexts: poll('slow', 'texts', statementTexts, (known) => ({ ids: unseenStatements(known) }), {
    when: (known) => unseenStatements(known).length > 0,
    merge: (before, after, rows) => {
      const listed = new Set<unknown>(rows('statements').map((row) => row.queryid));
      // an entry that is gone may come back with its text
      const worth = before.filter((row) => row.query !== null || listed.has(row.queryid));
      return kept(worth, after, (row) => row.queryid, listed);
    },
    patient: true,
  }),
};

export const PART_NAMES = Object.keys(POLLS) as PartName[];

/** The poll of a part without its row type: what the sampler handles. */
export function pollOf(part: PartName): Poll<unknown> {
  return POLLS[part] as unknown as Poll<unknown>;
}

/** Why a part cannot be had from this server, known without asking. */
export function unavailable(part: PartName, server: Server): Denial | undefined {
  return pollOf(part).query.unavailable?.(server);
}
