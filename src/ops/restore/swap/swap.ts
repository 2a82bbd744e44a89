import { Later, withValues } from '../../../db/literal.ts';
import { TERMINATE_IN } from '../../../db/queries/database/swap.ts';
import { readMarker } from '../../database/markers.ts';
import type { StepIo } from '../../engine/plan.ts';
import { type Exchange, type Exchanged, exchange, exchangeSql } from './exchange.ts';

export { type Exchanged, endedText } from './exchange.ts';

export interface Swap {
  /** The name that clients use. */
  readonly live: string;
  /** The database that was loaded beside it. */
  readonly fresh: string;
  /** The name for the database that is live now; see {@link file://./names.ts}. */
  readonly before: string;
  readonly run: string;
  /** How long the lock is waited for; `10s` when absent. */
  readonly lockTimeout?: string;
}

export interface SwapUndo {
  readonly live: string;
  /** The sealed database that is to be live again. */
  readonly before: string;
  /** The name for the one that is live now. */
  readonly rolledBack: string;
  readonly run: string;
  readonly lockTimeout?: string;
}

/**
 * Puts `fresh` in the place of `live` in one transaction and keeps the old one, sealed, as `before`. The new one takes
 * over the comment; its other properties must have been given to it, see {@link file://./properties.ts}. Clients lose
 * their sessions and find the new database when they connect again.
 *
 * Crash points: `swap:begin`, `swap:renamed`, `swap:second`, `swap:sealed`, `swap:committed`.
 */
export async function swapDatabases(io: StepIo, swap: Swap): Promise<Exchanged> {
  const { live, fresh, before } = swap;
  return exchange(io, {
    ...swapOf(swap),
    record: ({ live_oid, aside_oid: before_oid }) =>
      io.record({ swap: { live, fresh, before, live_oid, before_oid } }),
  });
}

/**
 * Puts the database `before` back in the place of `live`, which is kept, sealed, as `rolledBack`. The same may be done
 * with `rolledBack` to go forward again.
 *
 * Crash points: `undo:begin`, `undo:renamed`, `undo:second`, `undo:sealed`, `undo:committed`.
 */
export async function undoSwap(io: StepIo, undo: SwapUndo): Promise<Exchanged> {
  const { live, before, rolledBack } = undo;
  return exchange(io, {
    ...undoOf(undo),
    record: ({ live_oid, aside_oid: rolled_back_oid }) =>
      io.record({ swap_undo: { live, before, rolledBack, live_oid, rolled_back_oid } }),
  });
}

/** The statements of {@link swapDatabases}, for the preview; `comment` is that of the live database. */
export function swapPreview(swap: Swap, comment: string | null): string {
  return preview(exchangeSql(swapOf(swap), { outgoing: comment, incoming: null }));
}

/** The statements of {@link undoSwap}; the comments are those of the two databases now. */
export function undoPreview(
  undo: SwapUndo,
  comments: { readonly live: string | null; readonly before: string | null },
): string {
  return preview(exchangeSql(undoOf(undo), { outgoing: comments.live, incoming: comments.before }));
}

type Names = Omit<Exchange, 'record'>;

function preview(sql: ReturnType<typeof exchangeSql>): string {
  const { away, in: into, begin, seal, commit } = sql;
  const ended = withValues(TERMINATE_IN, [new Later('its OID'), new Later('the pid of one of its sessions')]);
  return [
    ...[...begin, away].map((line) => `${line};`),
    '-- meanwhile, once nobody can enter, and over another connection:',
    ended,
    ...[into, ...seal, commit].map((line) => `${line};`),
  ].join('\n');
}

function swapOf({ live, fresh, before, run, lockTimeout }: Swap): Names {
  return {
    live,
    incoming: fresh,
    aside: before,
    marker: (comment) => ({ pgdeck: 'before', target: live, run, comment }),
    comment: (outgoing) => outgoing,
    unseal: false,
    points: 'swap',
    ...(lockTimeout !== undefined && { lockTimeout }),
  };
}

function undoOf({ live, before, rolledBack, run, lockTimeout }: SwapUndo): Names {
  return {
    live,
    incoming: before,
    aside: rolledBack,
    marker: (comment) => ({ pgdeck: 'rolledback', target: live, run, comment }),
    // a comment that is no marker is one that somebody has written there since
    comment: (_, incoming) => {
      const marker = readMarker(incoming);
      return marker === undefined ? incoming : marker.comment;
    },
    unseal: true,
    points: 'undo',
    ...(lockTimeout !== undefined && { lockTimeout }),
  };
}
