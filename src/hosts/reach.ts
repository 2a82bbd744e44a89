import { placeLabel, type RunsOn } from '../config/runs-on.ts';
import { closedHost } from './closed.ts';
import { CommandError, type Host } from './host.ts';
import { local } from './local.ts';

/** How a place is opened; {@link file://./open.ts openHost} unless a test has another way. */
export type OpenHost = (runsOn: RunsOn) => Host | Promise<Host>;

const usual: OpenHost = async (runsOn) => (await import('./open.ts')).openHost(runsOn);

/** The host of a place. Throws {@link CommandError} where it cannot be reached. */
export async function openHost(runsOn: RunsOn, open: OpenHost = usual): Promise<Host> {
  return runsOn.kind === 'local' ? local : open(runsOn);
}

/** The host of a place; one that is closed where it cannot be reached, so that what needs none goes on. */
export async function reachHost(runsOn: RunsOn, open: OpenHost = usual): Promise<Host> {
  try {
    return await openHost(runsOn, open);
  } catch (error) {
    return closedHost(
      { kind: runsOn.kind, label: placeLabel(runsOn) },
      error instanceof Error ? error : new CommandError('other', String(error)),
    );
  }
}

/** One that nobody has opened. */
export function unopenedHost(runsOn: RunsOn): Host {
  if (runsOn.kind === 'local') return local;
  const label = placeLabel(runsOn);
  return closedHost({ kind: runsOn.kind, label }, new CommandError('other', `${label} was not opened.`));
}

/** A host, or how it is opened anew each time: a container that was restarted is another one. */
export type HostOr = Host | (() => Promise<Host>);

export const hostOf = (host: HostOr): Host | Promise<Host> => (typeof host === 'function' ? host() : host);

/** For who looks again and again; see {@link reachHost}. The one before is closed when the next is asked for. */
export function reaching(runsOn: RunsOn, open?: OpenHost): HostOr {
  if (runsOn.kind === 'local') return local;
  let last: Host | undefined;
  return async () => {
    last?.close?.();
    last = await reachHost(runsOn, open);
    return last;
  };
}
