import { type SafetyBackup, safetyBackup } from '../../backup/safety.ts';
import type { Clients } from '../../programs/programs.ts';
import type { Situation } from '../situation.ts';

/** That it stays when the run fails; empty while it is not made. */
export function keptText({ made }: Pick<SafetyBackup, 'made'>): string {
  const backup = made();
  return backup === undefined ? '' : `The safety backup ${backup.id} is kept.`;
}

/** The backup of what is about to be replaced. Throws DbError. */
export async function safetyOf(
  { context, database, repository, backup, input }: Situation,
  clients: Clients,
): Promise<SafetyBackup> {
  // not the context's session, which would stay there and be one of those that are sent away
  const session = await context.open('pgdeck-plan', database, 'slow');
  try {
    const label = `before a restore of ${backup.id}`;
    return await safetyBackup(context, session, {
      clients,
      repository,
      label,
      ignoreSpace: input.ignore_space,
    });
  } finally {
    await session.close();
  }
}
