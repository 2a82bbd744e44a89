import type { RoutineItem } from '../../config/routine.ts';
import { maintainTables } from '../../db/queries/maintain/tables.ts';
import type { Session } from '../../db/session.ts';
import type { Here } from '../engine/journal/server.ts';
import type { OpContext } from '../engine/operation.ts';
import { listBackups, repositoryDirectory } from '../repository/repository.ts';
import { type Standing, standingOf } from './due.ts';
import { evidenceOf } from './evidence.ts';

/** What is asked of whoever wants to know how the routine stands. */
export interface Whose
  extends Pick<OpContext, 'env' | 'home' | 'backup' | 'journal' | 'operations' | 'routine'> {
  readonly here: Here;
  readonly session: Session;
  readonly now: Date;
}

/** When each item was last done, and whether it is due. Reads only. Throws DbError. */
export async function standingsOf(whose: Whose, items: readonly RoutineItem[]): Promise<Standing[]> {
  const { session, here, journal, operations, now } = whose;
  const [tables, backups] = await Promise.all([
    session.run(maintainTables, undefined),
    // that it cannot be read the item itself will say
    listBackups(repositoryDirectory(whose)).catch(() => undefined),
  ]);
  const { database } = session.server;
  const evidence = await evidenceOf(items, {
    ...{ journal, here, database, operations, backups, tables },
    now: now.getTime(),
  });
  return items.map((item) => standingOf(item, evidence.get(item.name) ?? { doneAt: null }, now.getTime()));
}
