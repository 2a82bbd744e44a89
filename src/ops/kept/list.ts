import { keptDatabases } from '../../db/queries/database/kept.ts';
import type { Session } from '../../db/session.ts';
import { planningSession } from '../database/maintenance.ts';
import { listRuns } from '../engine/journal/runs.ts';
import { isOnServer, serverHere } from '../engine/journal/server.ts';
import type { OpContext } from '../engine/operation.ts';
import { copyOf, type Kept, keptOf } from './kept.ts';

/** Every database on the server that pgdeck has made, by marks and by the journal. Throws DbError. */
export async function listKept(context: OpContext): Promise<{ kept: Kept[]; session: Session }> {
  const session = await planningSession(context);
  const here = await serverHere(context);
  const copies = listRuns(context.journal)
    .filter((run) => isOnServer(run, here))
    .flatMap((run) => copyOf(run) ?? []);
  const rows = await session.run(keptDatabases, { oids: copies.map(({ oid }) => oid) });
  return { kept: keptOf(rows, copies), session };
}
