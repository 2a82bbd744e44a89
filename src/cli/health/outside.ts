import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import type { Server } from '../../db/server.ts';
import type { Outside } from '../../health/outside.ts';

export async function outsideFacts(_resolved: Resolved, _env: Env, _server: Server): Promise<Outside> {
  const unknown = 'not looked for';
  return { now: Date.now(), backups: { unknown }, jobs: { unknown }, volumes: { unknown }, log: { unknown } };
}
