import { z } from 'zod';
import { defineQuery } from '../../../db/query.ts';

/** Settings that wait for a restart. */
export const pendingRestart = defineQuery({
  id: 'server.pending_restart',
  variants: [{ sql: 'SELECT /* pgdeck */ name FROM pg_settings WHERE pending_restart ORDER BY name' }],
  row: z.object({ name: z.string() }),
});
