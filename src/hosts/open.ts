import type { RunsOn } from '../config/runs-on.ts';
import { dockerWay } from './docker/way.ts';
import type { Host } from './host.ts';
import { local } from './local.ts';
import { openRemote } from './remote/remote.ts';
import { SshWay } from './ssh/way.ts';

/**
 * The host that a profile names. It is asked once what is there; a remote one stays the run of its place that it met:
 * open another after a restart. Throws {@link CommandError}.
 */
export async function openHost(runsOn: RunsOn, signal?: AbortSignal): Promise<Host> {
  switch (runsOn.kind) {
    case 'local':
      return local;
    case 'docker':
      return openRemote(await dockerWay(runsOn, signal), signal);
    case 'ssh':
      return openRemote(new SshWay(runsOn), signal);
  }
}
