import { setTimeout as delay } from 'node:timers/promises';
import { migrateErrors } from '../errors.ts';
import type { MigrationAdapter, Status, Where } from '../types.ts';
import { atWork } from './lock.ts';

const PAUSE_MS = 250;

/**
 * The status, once it is nobody's work under way: a migration that another run has begun outside a transaction is not
 * one to be mended. Waits `wait` seconds for that run. Throws {@link OpError} that names it when the time is over.
 */
export async function settledStatus(
  adapter: MigrationAdapter,
  where: Where,
  database: string,
  wait: number,
): Promise<Status> {
  for (const began = performance.now(); ; ) {
    const status = await adapter.status(where);
    if (!status.problems.some(({ kind }) => kind === 'dirty')) return status;
    const other = await atWork(where.session, database);
    if (other === undefined) return adapter.status(where);
    if (performance.now() - began >= wait * 1000) throw migrateErrors.unsettled({ who: other });
    await delay(PAUSE_MS);
  }
}
