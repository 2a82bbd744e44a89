import { setTimeout as delay } from 'node:timers/promises';
import { connect, type Session } from '../db/client.ts';
import type { Target } from '../db/target.ts';

/** What an actor may do with its connection. Everything throws once the connection is lost or the workload stops. */
export interface Stage {
  sql(text: string, params?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Milliseconds, with a fifth of chance in both directions. */
  pause(ms: number): Promise<void>;
  /** Waits for something that another actor does. */
  cue(given: () => boolean): Promise<void>;
}

/** A program with one connection that does the same thing over and over. */
export interface Actor {
  readonly application: string;
  readonly role: string;
  /** One round. After an error (a person cancelled it) the next one starts a few seconds later. */
  play(stage: Stage): Promise<void>;
}

/** Where an error came from; `replaced` says whether the actor needs a new connection. */
export type OnTrouble = (application: string, error: unknown) => void;

const AFTER_TROUBLE_MS = 3_000;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 8_000;
const CUE_MS = 50;

/** Keeps an actor playing until the signal: reconnects with back-off, never throws. */
export async function perform(
  target: Target,
  actor: Actor,
  stop: AbortSignal,
  pids: Set<number>,
  onTrouble: OnTrouble,
): Promise<void> {
  let refused = 0;
  while (!stop.aborted) {
    let session: Session | undefined;
    try {
      session = await connect({ ...target, user: actor.role }, 'workload', actor.application);
      refused = 0;
      pids.add(session.pid);
      await rounds(session, actor, stop, onTrouble);
    } catch (error) {
      refused++;
      if (!stop.aborted) onTrouble(actor.application, error);
    } finally {
      if (session !== undefined) pids.delete(session.pid);
      await session?.close();
    }
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (refused - 1), LONGEST_BACKOFF_MS);
    await delay(vary(refused === 0 ? AFTER_TROUBLE_MS : backoff), undefined, { signal: stop }).catch(
      () => {},
    );
  }
}

async function rounds(
  session: Session,
  actor: Actor,
  stop: AbortSignal,
  onTrouble: OnTrouble,
): Promise<void> {
  const lost = new AbortController();
  session.onLost(() => lost.abort());
  const stage = makeStage(session, AbortSignal.any([stop, lost.signal]));
  while (!stop.aborted && !session.lost) {
    try {
      await actor.play(stage);
    } catch (error) {
      if (stop.aborted) return;
      onTrouble(actor.application, error);
      if (session.lost) return;
      await session.sql('ROLLBACK').catch(() => {});
      await stage.pause(AFTER_TROUBLE_MS).catch(() => {});
    }
  }
}

function makeStage(session: Session, end: AbortSignal): Stage {
  const wait = (ms: number): Promise<void> => delay(ms, undefined, { signal: end });
  return {
    sql: async (text, params) => {
      end.throwIfAborted();
      return session.sql(text, params);
    },
    pause: (ms) => wait(vary(ms)),
    cue: async (given) => {
      while (!given()) await wait(CUE_MS);
    },
  };
}

function vary(ms: number): number {
  return ms * (0.8 + Math.random() * 0.4);
}
