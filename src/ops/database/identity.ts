import { backupSystem } from '../../db/queries/backup/facts.ts';
import type { Session } from '../../db/session.ts';

/** What tells a server from every other one; undefined where it does not say, as some managed ones do not. */
export async function systemIdentifier(session: Session): Promise<string | undefined> {
  const [row] = await session.run(backupSystem, undefined).catch(() => []);
  return row?.system_identifier;
}
