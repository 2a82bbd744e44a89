import type { RunsOn } from '../config/runs-on.ts';
import { composeWay } from './compose/way.ts';
import { dockerOutput } from './docker/output.ts';
import { dockerWay } from './docker/way.ts';
import type { Host } from './host.ts';
import { podOutput } from './kubectl/output.ts';
import { kubectlWay } from './kubectl/way.ts';
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
      return inContainer(await dockerWay(runsOn, signal), signal);
    case 'compose':
      return inContainer(await composeWay(runsOn, signal), signal);
    case 'kubectl': {
      const way = await kubectlWay(runsOn, signal);
      return { ...(await openRemote(way, signal)), output: podOutput(way.cluster, way.pod) };
    }
    case 'ssh':
      return openRemote(new SshWay(runsOn), signal);
  }
}

async function inContainer(
  way: Awaited<ReturnType<typeof dockerWay>>,
  signal: AbortSignal | undefined,
): Promise<Host> {
  return { ...(await openRemote(way, signal)), output: dockerOutput(way.container) };
}
