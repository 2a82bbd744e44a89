import type { Env } from '../../../config/libpq/env.ts';

/**
 * Kills this process, as a power cut would, at the place that PGDECK_CRASH_AT names: a step's id (before it begins),
 * `<id>:end` (when it is done), or a point within a step. Tests of what a crash leaves behind set it.
 */
export function crashPoint(env: Env, name: string): void {
  if (env.PGDECK_CRASH_AT === name) process.kill(process.pid, 'SIGKILL');
}
