import { z } from 'zod';
import type { Session } from '../../db/session.ts';
import { keptDatabases } from '../../db/views/database/kept.ts';
import type { OpContext } from '../context.ts';
import { listRuns, type Run } from '../journal/runs.ts';
import { isOnServer, serverHere } from '../journal/server.ts';
import { planningSession } from '../restore/session.ts';
import { type Copy, type Kept, keptOf } from './kept.ts';

const copySchema = z.object({ database: z.string(), oid: z.int(), of: z.string().nullable() });

/** What a restore into a new database records: whose OID it is tells it from another one of that name. */
export type CopyFacts = z.output<typeof copySchema>;

/** The copy that a run has made; undefined when it made none. */
export function copyOf({ id, facts }: Pick<Run, 'id' | 'facts'>): Copy | undefined {
  const parsed = copySchema.safeParse(facts.copy);
  return parsed.success ? { run: id, ...parsed.data } : undefined;
}

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
