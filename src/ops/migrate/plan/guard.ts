import { KEPT, type Step, type StepIo } from '../../engine/plan.ts';
import { migrateErrors } from '../errors.ts';
import type { Destination, Direction, MigrationAdapter, Only, Route, Status, Where } from '../types.ts';
import { type Leftovers, leftoversOf } from '../verify/leftovers.ts';
import { routeTo } from './input.ts';
import type { MigrateLock } from './lock.ts';
import { applies } from './others.ts';

/** What the steps of a run of migrations share. */
export interface MigrateState {
  readonly adapter: MigrationAdapter;
  readonly where: Where;
  readonly lock: MigrateLock;
  readonly route: Route;
  readonly direction: Direction;
  readonly to: Destination | Only;
  /** What it was when it was planned. */
  readonly status: Status;
  /** Another run has done all of it while this one waited. */
  idle: boolean;
  /** What was there before. */
  before: Leftovers | undefined;
}

/** Takes the lock, and sees whether what was planned is still what has to be done. */
export function lockStep(state: MigrateState, wait: number): Step {
  return {
    id: 'lock',
    title: 'Take the migration lock, and read the status again',
    preview: `${state.lock.sql};`,
    effect: 'one run of migrations at a time; nobody else waits',
    run: async (io) => {
      await state.lock.take(io, wait);
      io.crashPoint('lock:taken');
      const { session } = await state.lock.worker();
      const { adapter, where, route, direction, to } = state;
      const now = await routeTo(adapter, { ...where, session }, direction, to);
      state.idle = now.versions.length === 0 && now.open !== true;
      if (state.idle)
        return io.line('Another run has done all of it meanwhile: there is nothing left to do.');
      if (now.statusHash !== route.statusHash) throw migrateErrors.changed();
      state.before = await leftoversOf(session);
      if (direction === 'up') io.record(applies(route.versions));
    },
  };
}

/** The step is passed over when another run has done everything, and it works under the lock only. */
export function guarded(state: MigrateState, step: Step): Step {
  const { run, rollback } = step;
  return {
    ...step,
    run: async (io) => {
      if (state.idle) return;
      // the lock has to be there still: a connection may break in the time that a backup takes
      await state.lock.worker();
      await run.call(step, io);
    },
    ...(rollback && {
      rollback: async (io: StepIo) => {
        return state.idle ? KEPT : rollback.call(step, io);
      },
    }),
  };
}
