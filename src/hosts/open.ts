import type { RunsOn } from '../config/runs-on.ts';
import { CommandError, type Host } from './host.ts';
import { local } from './local.ts';

/** Opens the place that a profile names. Throws {@link CommandError} where it cannot be reached. */
export async function openHost(runsOn: RunsOn): Promise<Host> {
  if (runsOn.kind === 'local') return local;
  throw new CommandError('missing', `There is no way to ${runsOn.kind} yet.`);
}
