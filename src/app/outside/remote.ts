import type { RemoteSettings } from '../../config/remote.ts';
import type { RemoteFact, Told } from '../../health/outside.ts';
import { sentenceOf } from '../../ops/error.ts';
import { knownOf } from '../../ops/remote/known/known.ts';
import { placeOfCopies } from '../../ops/remote/store/open.ts';
import type { Whose } from './backups.ts';

/**
 * What was noted of whole copies of a database, the newest first; the place itself is not asked. Null where the profile
 * has none. Never rejects.
 */
export async function remoteFact(
  directory: string,
  settings: RemoteSettings | undefined,
  { database, identifier, target: { host, port } }: Whose,
): Promise<Told<RemoteFact | null>> {
  if (settings === undefined) return { known: null };
  try {
    const known = await knownOf(directory, settings);
    // another server may keep copies of a database of the same name there
    const servers = [identifier, `${host}:${port}`];
    const copies = (known?.copies ?? [])
      .filter((one) => one.database === database && one.scope === 'full' && !one.safety)
      .filter(({ group }) => servers.includes(serverOf(group)))
      .map(({ id, created_at }) => ({ id, madeAt: Date.parse(created_at) }))
      .sort((a, b) => b.madeAt - a.madeAt);
    return { known: { place: placeOfCopies(settings), copies } };
  } catch (error) {
    return { unknown: sentenceOf(error) };
  }
}

/** As {@link file://../../ops/repository/group.ts groupOf} names it: its system identifier, or its address. */
function serverOf(group: string): string | undefined {
  try {
    const [server] = JSON.parse(group);
    return typeof server === 'string' ? server : undefined;
  } catch {
    return undefined;
  }
}
