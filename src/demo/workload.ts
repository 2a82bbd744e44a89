import { connect } from '../db/client.ts';
import type { Target } from '../db/target.ts';
import { type OnTrouble, perform } from './actor.ts';
import { chores } from './chores.ts';
import { lockScene } from './lock-scene.ts';
import { shopSize } from './schema.ts';
import { traffic } from './traffic.ts';

export interface WorkloadOptions {
  /** The scale that the shop was loaded with. */
  readonly scale: number;
  /** Told when a session was cancelled, ended or could not connect; it is replaced by itself. */
  readonly onTrouble?: OnTrouble;
}

export interface Workload {
  /** Ends all sessions; fulfilled when none is left on the server. */
  stop(): Promise<void>;
}

/**
 * Starts what makes the demo shop live: some twenty sessions that read, write, wait for each other and forget to
 * commit. The target is a superuser's in the shop's database. Never throws; a server that is away is tried again.
 */
export function startWorkload(target: Target, { scale, onTrouble = () => {} }: WorkloadOptions): Workload {
  const stop = new AbortController();
  const pids = new Set<number>();
  const actors = [...lockScene(), ...traffic(shopSize(scale)), ...chores()];
  const ended = Promise.all(actors.map((actor) => perform(target, actor, stop.signal, pids, onTrouble)));
  return {
    stop: async () => {
      stop.abort();
      await terminate(target, pids);
      await ended;
    },
  };
}

/** A backend that waits for a lock does not notice that its client has gone. */
async function terminate(target: Target, pids: ReadonlySet<number>): Promise<void> {
  try {
    const admin = await connect(target, 'workload', 'demo-stop');
    await admin.sql('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid', [[...pids]]);
    await admin.close();
  } catch {
    // a server that is away has no backends
  }
}
