import type { Query } from './query.ts';
import type { Server } from './server.ts';
import { type Call, call } from './session.ts';

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

/** Seconds between two questions of a kind; `tick` is the refresh interval itself. */
export type Cadence = 'tick' | 'medium' | 'statements' | 'texts' | 'slow' | 'rare';

/** What a poll may look at to decide whether and what to ask: rows read before it, by poll. */
export interface Known {
  rows<Row>(poll: Poll<Row>): readonly Row[];
  readonly wants: Wants;
  readonly server: Server;
}

/**
 * A query that is asked again and again: how often, over which connection, with what. It stands beside its query; who
 * needs its rows names it, and nobody else has to know it.
 */
export interface Poll<Row> {
  readonly query: Query<never, Row>;
  /** Fast ones share one pipelined round trip; slow ones run one after the other on their own connection. */
  readonly session: 'fast' | 'slow';
  readonly every: Cadence;
  /** The polls whose rows it looks at: they are read with it, and before it. */
  readonly after: readonly AnyPoll[];
  /** The call to send; undefined when there is nothing to ask now, which is an answer too: no rows. */
  readonly call: (known: Known) => Call | undefined;
  /** How new rows join those read before; without it they replace them. */
  merge?(before: readonly Row[], after: readonly Row[], rows: Known['rows']): readonly Row[];
  /** Dear to the server: never asked again before its time has come, whatever there is to ask. */
  readonly patient?: boolean;
  /** Rare because it is dear to a database of many tables: where it costs little, it is asked as often as a slow one. */
  readonly brisk?: boolean;
}

/** A poll without its row type: what the sampler handles. */
export type AnyPoll = Poll<unknown>;

interface PollOptions<Row> extends Partial<Pick<Poll<Row>, 'after' | 'merge' | 'patient' | 'brisk'>> {
  /** False where there is nothing to ask now. */
  readonly when?: (known: Known) => boolean;
}

interface PollInput<Input, Row> extends PollOptions<Row> {
  readonly input: (known: Known) => Input;
}

/** Declares how a query is polled: over which connection, how often, and with what input where it takes one. */
export function poll<Row>(
  session: Poll<Row>['session'],
  every: Cadence,
  query: Query<void, Row>,
  options?: PollOptions<Row>,
): Poll<Row>;
export function poll<Input, Row>(
  session: Poll<Row>['session'],
  every: Cadence,
  query: Query<Input, Row>,
  options: PollInput<Input, Row>,
): Poll<Row>;
export function poll<Input, Row>(
  session: Poll<Row>['session'],
  every: Cadence,
  query: Query<Input, Row>,
  { input, when, after = [], merge, patient, brisk }: Partial<PollInput<Input, Row>> = {},
): Poll<Row> {
  return {
    query: query as Query<never, Row>,
    session,
    every,
    after,
    call: (known) => (when?.(known) === false ? undefined : call(query, input?.(known) as Input)),
    ...(merge && { merge }),
    ...(patient && { patient }),
    ...(brisk && { brisk }),
  };
}

/** Polls with those that they build on, each once and after these: the order in which those of one round are asked. */
export function inOrder(polls: Iterable<AnyPoll>): ReadonlySet<AnyPoll> {
  const found = new Set<AnyPoll>();
  const add = (one: AnyPoll): void => {
    if (found.has(one)) return;
    for (const before of one.after) add(before);
    found.add(one);
  };
  for (const one of polls) add(one);
  return found;
}

/** Rows that are collected and belong to nothing that is listed. */
const COLLECTED = 2000;

/** The new rows, and of those read before the ones that are still listed; of the others, so many. */
export function collected<Row>(
  before: readonly Row[],
  after: readonly Row[],
  id: (row: Row) => unknown,
  listed: ReadonlySet<unknown>,
): readonly Row[] {
  const fresh = new Set(after.map(id));
  const rest = Map.groupBy(
    before.filter((row) => !fresh.has(id(row))),
    (row) => listed.has(id(row)),
  );
  return [...after, ...(rest.get(true) ?? []), ...(rest.get(false) ?? []).slice(0, COLLECTED)];
}
