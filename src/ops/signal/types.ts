import type { Plan } from '../engine/plan.ts';
import type { SignalTargetRow } from './queries/signal.ts';

/** A session as read for a signal; null where this role may not see it. */
export type SignalTarget = SignalTargetRow;

/** `cancel` stops the running statement (pg_cancel_backend), `terminate` ends the session (pg_terminate_backend). */
export type SignalAction = 'cancel' | 'terminate';

/** A session as a person names it. */
export interface NamedSession {
  readonly pid: number;
  /** Epoch microseconds. Given: a session that has taken over the pid since is refused. */
  readonly backendStart?: number;
  /** Epoch microseconds, for cancel. Given: another statement of the same session is refused. */
  readonly queryStart?: number;
}

/** Whom to signal. */
export type SignalPick =
  | { readonly pids: readonly NamedSession[] }
  /** Sessions that have been idle (never idle in transaction) for more than so many seconds. */
  | { readonly idleLongerThan: number }
  /** Sessions that block others and wait for nobody. */
  | { readonly rootBlockers: true };

export interface SignalRequest {
  readonly action: SignalAction;
  readonly pick: SignalPick;
  /** Also sessions whose start is hidden from this role: guarded by pid, user, database and application only. */
  readonly unverified?: boolean;
  /** Terminate: only while each is in the transaction that it is in now; the sessions are hit for what that holds. */
  readonly sameTransaction?: boolean;
}

/** What must still be true on the server when the signal is sent; otherwise nothing is sent. Epoch microseconds. */
export type Guard =
  | { readonly by: 'session'; readonly backendStart: number }
  /** It is ended for the transaction that it is in. */
  | { readonly by: 'transaction'; readonly backendStart: number; readonly xactStart: number }
  | { readonly by: 'query'; readonly backendStart: number; readonly queryStart: number | null }
  | { readonly by: 'idle'; readonly backendStart: number; readonly queryStart: number | null }
  /** The session's start is hidden from this role. */
  | { readonly by: 'name' };

/** A session that will be signalled when the plan runs. */
export interface Victim {
  readonly target: SignalTarget;
  readonly guard: Guard;
  /** Pids that wait for it, directly or behind another waiter. */
  readonly blocks: readonly number[];
  /** Seconds that the first of them has waited; null where nobody waits, or it is not known. */
  readonly longestWait: number | null;
  /** How many of them go on, in turn, when this session alone goes. */
  readonly frees: number;
  /** The statement that is sent. */
  readonly sql: string;
}

/** A session that was asked for and will not be signalled. */
export interface Refusal {
  readonly pid: number;
  /** Absent when the server has no such session. */
  readonly target?: SignalTarget;
  readonly why: RefusalKind;
  /** One sentence. */
  readonly reason: string;
  /** What would change that: SQL, or a sentence. */
  readonly remedy?: string;
}

export type RefusalKind =
  /** No session has this pid. */
  | 'already_gone'
  /** The pid belongs to another session by now. */
  | 'another_session'
  /** Cancel: the session runs no statement, or another one than was meant. */
  | 'moved_on'
  /** Sessions of this pgdeck. */
  | 'own'
  /** The sweep of idle sessions: by its name another pgdeck. */
  | 'another_pgdeck'
  /** Server processes that are not a client's session. */
  | 'protected'
  | 'not_permitted'
  /** The session's start is hidden, so that it cannot be told from another one with the same pid. */
  | 'unverified'
  /** A prepared transaction: it has no session. */
  | 'prepared';

/** Who would be hit and who not, read from the server; nothing has been sent. */
export interface Hits {
  readonly action: SignalAction;
  /** Each session once. */
  readonly victims: readonly Victim[];
  readonly refused: readonly Refusal[];
  /** This role may not signal every client's session: a search has looked among those that it may. */
  readonly limited: boolean;
  /** How many waiters go on, in turn, when all victims go. */
  readonly frees: number;
  /** Some of them wait in turn for an advisory lock, which whoever gets it may keep as long as its session. */
  readonly kept?: boolean;
  /** Waiters behind the victims that do not go on with them alone. */
  readonly heldUp?: HeldUp;
  /** Set when the sessions that wait could not be read: blocks and frees are then unknown, not 0. */
  readonly waitersUnknown?: string;
}

/** A plan with what its question is about: step N signals victim N. */
export interface SignalPlan extends Plan, Hits {}

/** What stands in the way of waiters besides the victims of a plan: joint blockers are one problem. */
export interface HeldUp {
  readonly waiters: number;
  /** Sessions (below 1: prepared transactions) that hold them up too and wait for nobody. */
  readonly by: readonly number[];
  /** How many waiters go on when these end together with the victims. */
  readonly freesTogether: number;
}

export const OUTCOME_KINDS = [
  /** Terminate: the session is gone. */
  'ended',
  /** Cancel: the statement is over. */
  'cancelled',
  /** It was gone before the signal; nothing was sent. */
  'already_gone',
  /** Cancel: another statement runs by now; idle: it is at work again; transaction: that one is over. Nothing was sent. */
  'moved_on',
  'not_permitted',
  /** Delivered; whether it worked is hidden from this role (cancel of an unverified session). */
  'sent',
  /** The signal was delivered, and the session or statement is still there. */
  'still_there',
  /** Not sent, because the run was stopped or the connection broke before its turn. */
  'not_sent',
  /** The server answered with another error; whether the signal arrived is unknown only when the connection broke. */
  'failed',
] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/** What became of one victim. */
export interface SignalOutcome {
  readonly victim: Victim;
  readonly kind: OutcomeKind;
  /** Seconds from the signal until it was seen to work, or until waiting was given up. */
  readonly seconds: number;
  /** The cause, for `not_permitted`, `not_sent` and `failed`. */
  readonly reason?: string;
  /** What would change that. */
  readonly remedy?: string;
}

/**
 * What all signals together did for those who waited behind the victims, counted as the plan counts: joint blockers
 * free nobody one by one.
 */
export interface Effect {
  readonly kind: 'effect';
  /** Null when who waits could not be read. */
  readonly waiters: {
    /** No longer wait, and are there. */
    readonly freed: number;
    /** Wait only behind those freed: they go on one after the other. */
    readonly inTurn: number;
    /** Still held up by others. */
    readonly waiting: number;
    /** By whom, as far as they wait for nobody themselves. */
    readonly by: readonly number[];
    /** Waited, and have no session any more. */
    readonly gone?: number | undefined;
  } | null;
}

/** What a run of signals tells: what became of each victim, and last, where somebody waited, what that did. */
export type SignalEvent = SignalOutcome | Effect;
