import type { Session } from '../../db/session.ts';
import { duration } from '../../text/units.ts';
import { systemIdentifier } from '../database/identity.ts';
import type { OpContext } from '../engine/operation.ts';
import { sentenceOf } from '../error.ts';
import { type Backup, lastVerified, listBackups, repositoryDirectory } from '../repository/repository.ts';
import { isFromFuture, isSafety } from '../repository/safety.ts';

/** The newest whole backup of this database, and whether it is verified: what is deleted without an archive is only there. */
export async function backupText(session: Session, context: OpContext): Promise<string> {
  const directory = repositoryDirectory(context);
  try {
    const identifier = await systemIdentifier(session);
    const [newest] = (await listBackups(directory)).filter((one) => counts(one, context, identifier));
    if (newest === undefined) return `none of ${context.target.database} is known in ${directory}`;
    const age = duration((context.now().getTime() - newest.createdAt.getTime()) / 1000);
    const verified = lastVerified(newest);
    return `${newest.id}, ${age} old, ${verified === undefined ? 'NOT verified' : `verified ${verified.at.slice(0, 16)}Z`}`;
  } catch (error) {
    return `not known: ${sentenceOf(error)}`;
  }
}

function counts(backup: Backup, { target, now }: OpContext, identifier: string | undefined): boolean {
  const { manifest, status, scope, createdAt, database } = backup;
  if (manifest === undefined || (status !== 'ok' && status !== 'unverified')) return false;
  if (scope !== 'full' || database !== target.database) return false;
  if (isSafety(backup) || isFromFuture(createdAt, now())) return false;
  const { system_identifier: of, address } = manifest.server;
  return of === null || identifier === undefined
    ? address === `${target.host}:${target.port}`
    : of === identifier;
}
