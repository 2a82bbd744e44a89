import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../../db/session.ts';
import { systemIdentifier } from '../../database/identity.ts';
import { maintenanceSession } from '../../database/maintenance.ts';
import type { OpContext } from '../operation.ts';
import type { LockName } from '../plan.ts';
import { takeLocks } from './lock.ts';

/** Milliseconds between two attempts to take them again. */
const AGAIN_MS = 1_000;

/**
 * The locks of a run, in a session of their own. Where that is lost, as with a tunnel that dies, they are taken again as
 * soon as the server is reached: the run goes on, and without them it would be taken for dead.
 */
export class HeldLocks {
  readonly #context: OpContext;
  readonly #name: string;
  readonly #locks: readonly LockName[];
  readonly #closing = new AbortController();
  #session: Session | undefined;
  #identifier: string | undefined;

  private constructor(context: OpContext, name: string, locks: readonly LockName[]) {
    this.#context = context;
    this.#name = name;
    this.#locks = locks;
  }

  /** Throws {@link OpError} when another run holds one, DbError. */
  static async take(context: OpContext, name: string, locks: readonly LockName[]): Promise<HeldLocks> {
    const held = new HeldLocks(context, name, locks);
    await held.#take();
    return held;
  }

  /** Of the server that they were first taken on; undefined where it does not say. */
  get identifier(): string | undefined {
    return this.#identifier;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#session?.close();
  }

  async #take(): Promise<void> {
    const session = await maintenanceSession(this.#context, this.#name);
    try {
      await takeLocks(session, this.#locks);
      this.#identifier ??= await systemIdentifier(session);
    } catch (error) {
      await session.close();
      throw error;
    }
    if (this.#closing.signal.aborted) await session.close();
    this.#session = session;
    session.onLost(() => void this.#again());
  }

  async #again(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await delay(AGAIN_MS, undefined, { signal });
        return await this.#take();
      } catch {
        // not reached yet, or another run has one: it is tried until this one ends
      }
    }
  }
}
