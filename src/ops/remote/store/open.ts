import type { RemoteSettings } from '../../../config/remote.ts';
import { openHost } from '../../../hosts/open.ts';
import { OpError } from '../../error.ts';
import { remoteErrors } from '../errors.ts';
import type { Store } from './store.ts';

/** Opens the place for copies of a profile; to be closed. Throws {@link OpError} where it is not reached. */
export async function openStore(settings: RemoteSettings | undefined, signal?: AbortSignal): Promise<Store> {
  if (settings === undefined) throw remoteErrors.none();
  if (settings.kind === 's3') return (await import('./s3.ts')).s3Store(settings);
  const { directoryStore } = await import('./directory.ts');
  if (settings.kind === 'directory' || settings.runs_on.kind === 'local')
    return directoryStore(settings.path);
  const { hostStore } = await import('./host.ts');
  try {
    const host = await openHost(settings.runs_on, signal);
    if (host.transfer === undefined) return directoryStore(settings.path);
    return hostStore({ ...host, transfer: host.transfer }, settings.path);
  } catch (error) {
    if (error instanceof OpError) throw error;
    const said = (error as Error).message.replace(/\.$/, '');
    throw remoteErrors.unreachable({ store: settings.path, said }, error);
  }
}
