import { z } from 'zod';
import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { databaseFacts } from '../../../db/queries/database/facts.ts';
import { preparedIn, swapSessions } from '../../../db/queries/database/swap.ts';
import type { Session } from '../../../db/session.ts';
import { databaseErrors } from '../../database/errors.ts';
import { maintenance } from '../../database/maintenance.ts';
import { type Marker, writeMarker } from '../../database/markers.ts';
import type { StepIo } from '../../engine/plan.ts';
import type { OpError } from '../../error.ts';
import { immovable, renameCleared } from './clear.ts';
import { swapErrors, undecidedErrors } from './errors.ts';

/** Two databases change names: one takes that of the other, which is put aside and sealed. */
export interface Exchange {
  /** The name that clients use. */
  readonly live: string;
  /** The database that is to have it. */
  readonly incoming: string;
  /** The name for the one that has it now. */
  readonly aside: string;
  /** What is written on the one put aside; its comment is given. */
  readonly marker: (comment: string | null) => Marker;
  /** The comment of the one that comes in. */
  readonly comment: (outgoing: string | null, incoming: string | null) => string | null;
  /** The one that comes in is sealed until now. */
  readonly unseal: boolean;
  /** Called with what undo and recover need to know, before anything is done. */
  readonly record: (oids: Pick<Exchanged, 'live_oid' | 'aside_oid'>) => void;
  /** Begins the names of the crash points: `swap`. */
  readonly points: string;
  /** How long to wait for the lock: PostgreSQL's notation. */
  readonly lockTimeout?: string;
}

/** What an exchange has done. */
export interface Exchanged {
  /** OID of the database that has the name now. */
  readonly live_oid: number;
  /** OID of the one put aside. */
  readonly aside_oid: number;
  /** How long nobody could enter, ms. */
  readonly closed_ms: number;
  /** Sessions that were ended. */
  readonly ended: number;
  /** Those of them that are named as pgdeck names its own. */
  readonly own: number;
}

const LOCK_TIMEOUT = '10s';

/** The statements in their order, with the comments that were read. */
export function exchangeSql(
  exchange: Omit<Exchange, 'record'>,
  comments: { readonly outgoing: string | null; readonly incoming: string | null },
): { begin: string[]; away: string; in: string; seal: string[]; commit: 'COMMIT' } {
  const { live, incoming, aside, marker, comment, unseal, lockTimeout = LOCK_TIMEOUT } = exchange;
  const [from, to, put] = [incoming, live, aside].map(quoteIdent) as [string, string, string];
  const literal = (text: string | null) => (text === null ? 'NULL' : quoteLiteral(text).trim());
  return {
    begin: [
      'BEGIN',
      `SET LOCAL lock_timeout = '${lockTimeout}'`,
      // should this process be suspended here, the server lets the clients in again by itself
      "SET LOCAL idle_in_transaction_session_timeout = '30s'",
    ],
    away: `ALTER DATABASE ${to} RENAME TO ${put}`,
    in: `ALTER DATABASE ${from} RENAME TO ${to}`,
    seal: [
      ...(unseal ? [`ALTER DATABASE ${to} WITH ALLOW_CONNECTIONS true`] : []),
      `ALTER DATABASE ${put} WITH ALLOW_CONNECTIONS false`,
      `COMMENT ON DATABASE ${put} IS ${literal(writeMarker(marker(comments.outgoing)))}`,
      `COMMENT ON DATABASE ${to} IS ${literal(comment(comments.outgoing, comments.incoming))}`,
    ],
    commit: 'COMMIT',
  };
}

/**
 * Exchanges the two in one transaction. Whatever happens before its end, the death of this process included, leaves
 * everything as it was, but for the sessions that were ended. Throws {@link OpError} and says which of the two it is.
 */
export async function exchange(io: StepIo, wanted: Exchange): Promise<Exchanged> {
  const clearer = await maintenance(io);
  const renamer = await maintenance(io).catch(async (error: unknown) => {
    await clearer.close();
    throw error;
  });
  try {
    const oids = await look(clearer, wanted);
    wanted.record({ live_oid: oids.incoming, aside_oid: oids.live });
    const { closedAt, ended, own } = await prepare(io, wanted, oids, { renamer, clearer }).catch(
      (error: unknown) => {
        throw untouched(wanted, error, io.signal.aborted);
      },
    );
    await renamer.sql('COMMIT').catch((error: unknown) => settle(io, wanted, oids, error));
    const closed_ms = Math.round(performance.now() - closedAt);
    io.crashPoint(`${wanted.points}:committed`);
    return { live_oid: oids.incoming, aside_oid: oids.live, closed_ms, ended, own };
  } finally {
    // a transaction that is open ends with its session
    await Promise.all([renamer.close(), clearer.close()]);
  }
}

/** How many sessions were ended: `1, besides 2 that call themselves pgdeck`, since a name is no proof. */
export function endedText({ ended, own }: Pick<Exchanged, 'ended' | 'own'>): string {
  return own === 0
    ? String(ended)
    : `${ended - own}, besides ${own} that ${own === 1 ? 'calls itself' : 'call themselves'} pgdeck`;
}

function untouched({ live }: Exchange, error: unknown, aborted = false): OpError {
  const { message, next } = error as { message: string; next?: string };
  return swapErrors.asItWas({ live, why: message, next, stopped: aborted }, error);
}

interface Oids {
  readonly live: number;
  readonly incoming: number;
}

/** Refuses, before anybody is sent away, what cannot succeed. */
async function look(session: Session, { live, incoming }: Exchange): Promise<Oids> {
  const [[old], [next]] = await Promise.all([
    session.run(databaseFacts, { database: live }),
    session.run(databaseFacts, { database: incoming }),
  ]);
  for (const [name, facts] of [
    [live, old],
    [incoming, next],
  ] as const)
    if (facts === undefined) throw databaseErrors.noDatabase({ database: name }).withNext(undefined);
  const oids = { live: old?.oid ?? 0, incoming: next?.oid ?? 0 };
  for (const [oid, name] of [
    [oids.live, live],
    [oids.incoming, incoming],
  ] as const) {
    const prepared = await session.run(preparedIn, { oid });
    if (prepared.length > 0) throw swapErrors.prepared({ database: name, count: prepared.length });
    const fixed = immovable(name, await session.run(swapSessions, { oid }));
    if (fixed) throw fixed;
  }
  return oids;
}

/** Everything but the end of the transaction. */
async function prepare(
  io: StepIo,
  wanted: Exchange,
  oids: Oids,
  sessions: { readonly renamer: Session; readonly clearer: Session },
): Promise<{ closedAt: number; ended: number; own: number }> {
  const { live, incoming, aside, points } = wanted;
  const { signal } = io;
  const { renamer } = sessions;
  for (const statement of exchangeSql(wanted, { outgoing: null, incoming: null }).begin)
    await renamer.sql(statement);
  io.crashPoint(`${points}:begin`);
  const away = await renameCleared({ ...sessions, signal, oid: oids.live, database: live }, aside);
  const closedAt = away.closedAt ?? performance.now();
  io.crashPoint(`${points}:renamed`);
  const into = await renameCleared({ ...sessions, signal, oid: oids.incoming, database: incoming }, live);
  io.crashPoint(`${points}:second`);
  const [row] = await renamer.sql(
    `SELECT shobj_description($1::int8::oid, 'pg_database') AS outgoing, shobj_description($2::int8::oid, 'pg_database') AS incoming`,
    [oids.live, oids.incoming],
  );
  const comments = commentsSchema.parse(row);
  await renamer.sql(exchangeSql(wanted, comments).seal.join(';\n'));
  io.crashPoint(`${points}:sealed`);
  signal.throwIfAborted();
  return { closedAt, ended: away.ended + into.ended, own: away.own + into.own };
}

const commentsSchema = z.object({ outgoing: z.string().nullable(), incoming: z.string().nullable() });

/**
 * The connection broke at COMMIT: whether it was done is asked over another one. Throws when it was not, or when
 * nobody answers.
 */
async function settle(io: StepIo, wanted: Exchange, oids: Oids, error: unknown): Promise<void> {
  const { live } = wanted;
  let has: number | undefined;
  try {
    const session = await maintenance(io);
    has = (await session.run(databaseFacts, { database: live }))[0]?.oid;
    await session.close();
  } catch (why) {
    throw undecidedErrors.undecided({ live }, why);
  }
  if (has !== oids.incoming) throw untouched(wanted, error);
}
