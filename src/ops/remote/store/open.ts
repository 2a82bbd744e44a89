import type { RemoteSettings } from '../../../config/remote.ts';
import { placeLabel } from '../../../config/runs-on.ts';
import { openHost } from '../../../hosts/open.ts';
import { duration } from '../../../text/units.ts';
import { OpError } from '../../error.ts';
import { remoteErrors } from '../errors.ts';
import type { Store } from './store.ts';

/** Milliseconds in which a place must answer before anything is sent. */
const REACH_MS = 30_000;

/** What a place is called, without asking it. */
export function placeOfCopies(settings: RemoteSettings): string {
  if (settings.kind === 's3') return `s3://${settings.bucket}/${settings.prefix ?? ''}`.replace(/\/$/, '');
  return settings.kind === 'directory' || settings.runs_on.kind === 'local'
    ? settings.path
    : `${placeLabel(settings.runs_on)}:${settings.path}`;
}

/** Sees that the place answers at all, and soon. Throws {@link OpError} where it does not. */
export async function reached(settings: RemoteSettings, signal: AbortSignal, ms = REACH_MS): Promise<void> {
  const late = AbortSignal.timeout(ms);
  try {
    const soon = AbortSignal.any([signal, late]);
    const store = await openStore(settings, soon);
    // of a name that nothing has: what is asked is small, and so is the answer
    await store.files('-', { signal: soon }).finally(() => store.close());
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    const said = `it has not answered for ${duration(ms / 1000)}`;
    throw remoteErrors.unreachable({ store: placeOfCopies(settings), said }, error);
  }
}

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
